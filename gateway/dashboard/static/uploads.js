// Sends images as jobs: one job of at most so many images after the other, each until it is kept.
import { csrfToken } from "./dashboard.js";

const REJECTED = /^Image (\d+) \(.*?\): /s; // how the service says which image it rejects
const MAX_WAIT_S = 300; // a quota that is used up until next month is not waited for
const MAX_LEFT_OUT = 10; // images of one job that the service rejects; then something else is wrong

/** Send one form, and tell how much of it has arrived; resolve to [status, retryAfterS, answer]. */
function post(url, form, key, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch tells nothing of an upload's progress
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Idempotency-Key", key);
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    request.onload = () => {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // Not from the service itself, but from a proxy in front of it.
      }
      resolve([request.status, Number(request.getResponseHeader("Retry-After")), answer]);
    };
    request.onerror = () => resolve([0, 5, { detail: "The service cannot be reached." }]);
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    signal.throwIfAborted();
    request.send(form);
  });
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function formOf(fields, files) {
  const form = new FormData();
  form.append("csrf_token", csrfToken); // first: the service checks it before it takes any image
  for (const [name, value] of fields) form.append(name, value);
  for (const file of files) form.append("images", file, file.name);
  return form;
}

function wait(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    });
  });
}

/** The position of the image that an error names, such as `Image 3 ('a.jpg'): …`; -1: none. */
function rejectedImage(answer, files) {
  const number = REJECTED.exec(answer.detail || "");
  return number && Number(number[1]) <= files.length ? Number(number[1]) - 1 : -1;
}

/**
 * Make one job. Images that the service rejects are left out, and the others sent again.
 *
 * @param onProgress is called with the share that has arrived, 0 to 1.
 * @param onNote is called with sentences that people should read.
 * @returns the job, or null if none could be made.
 */
export async function createJob(url, fields, files, { onProgress, onWait, onNote, signal }) {
  let left = [...files];
  let key = newKey(); // the same when a request is repeated: so it makes no second job
  for (let leftOut = 0; left.length; ) {
    const [status, retryAfterS, answer] = await post(url, formOf(fields, left), key, onProgress, signal);
    if (status === 201) return answer;
    if (retryAfterS && retryAfterS <= MAX_WAIT_S) {
      onWait(answer.detail, retryAfterS);
      await wait(retryAfterS, signal);
      continue;
    }
    const position = rejectedImage(answer, left);
    if (position < 0 || ++leftOut > MAX_LEFT_OUT) {
      onNote(`${left.length} images were not taken: ${answer.detail || `status ${status}`}`);
      return null;
    }
    onNote(`${left[position].name} is left out: ${answer.detail.replace(REJECTED, "")}`);
    left.splice(position, 1);
    key = newKey();
  }
  return null;
}
