// Makes jobs from images and folders of any size, with one progress display for all of them.
import { localTimes, request } from "./dashboard.js";
import { chooseImages, droppedFiles } from "./dropped.js";
import { createJob } from "./uploads.js";

const form = document.getElementById("new-job");

function setUp() {
  const drop = document.getElementById("drop");
  const input = document.getElementById("images");
  const folder = document.getElementById("folder");
  const chosen = document.getElementById("chosen");
  const panel = document.getElementById("upload");
  const text = document.getElementById("upload-text");
  const bar = document.getElementById("upload-progress");
  const notes = document.getElementById("upload-notes");
  const stop = document.getElementById("upload-stop");
  const done = document.getElementById("upload-done");
  const maxImages = () => Number(form.dataset.maxImages);
  let images = [];

  function note(sentence) {
    const entry = document.createElement("li");
    entry.textContent = sentence;
    notes.append(entry);
    panel.hidden = false;
  }

  function choose(files) {
    notes.replaceChildren();
    const [found, sentences] = chooseImages(files, Number(form.dataset.maxBytes));
    images = found;
    sentences.forEach(note);
    const jobs = Math.ceil(images.length / maxImages());
    chosen.textContent = `${plural(images.length, "image")} chosen${jobs > 1 ? `, which make ${jobs} jobs` : ""}.`;
    chosen.classList.add("has-images");
    input.required = !images.length;
  }

  for (const element of form.querySelectorAll("[data-with-script]")) element.hidden = false;
  for (const button of form.querySelectorAll("[data-choose]")) {
    button.addEventListener("click", () => document.getElementById(button.dataset.choose).click());
  }
  input.closest(".field").classList.add("visually-hidden");
  input.addEventListener("change", () => choose([...input.files]));
  folder.addEventListener("change", () => choose([...folder.files]));

  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    choose(await droppedFiles(event.dataTransfer));
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!images.length) return;
    const told = notes.children.length;
    const controller = new AbortController();
    stop.onclick = () => controller.abort();
    form.inert = true;
    panel.hidden = bar.hidden = stop.hidden = false;
    done.hidden = true;
    try {
      const jobs = await send(images, otherFields(), controller.signal);
      if (jobs.length === 1 && notes.children.length === told) return location.assign(jobs[0].url);
      if (jobs.length) await watch(jobs, controller.signal);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
      text.textContent = "Stopped. Jobs that were made go on.";
    } finally {
      form.inert = false;
      stop.hidden = true;
      done.hidden = false;
    }
    await showList();
  });

  /** All fields but the images and the token; files that were not chosen are left out. */
  function otherFields() {
    return [...new FormData(form)].filter(
      ([name, value]) => !["images", "csrf_token"].includes(name) && (value.size || typeof value === "string"),
    );
  }

  async function send(files, fields, signal) {
    const jobs = [];
    let sent = 0;
    bar.max = files.length;
    for (let first = 0; first < files.length; first += maxImages()) {
      const some = files.slice(first, first + maxImages());
      const job = await createJob(form.action, fields, some, {
        signal,
        onNote: note,
        onProgress(share) {
          bar.value = sent + share * some.length;
          text.textContent = `Uploading: ${Math.floor(bar.value)} of ${plural(files.length, "image")}`;
        },
        onWait(why, seconds) {
          text.textContent = `${why} The upload goes on in ${seconds} s.`;
        },
      });
      if (job) jobs.push(job);
      sent += some.length;
    }
    if (!jobs.length) text.textContent = "No job was made.";
    return jobs;
  }

  /** Show the progress of all jobs together. The service does one after the other, as this does. */
  async function watch(jobs, signal) {
    let ended = 0;
    const total = jobs.reduce((sum, job) => sum + job.image_count, 0);
    bar.max = total;
    for (const job of jobs) {
      await untilEnded(job, signal, (count) => {
        bar.value = ended + count;
        text.textContent = `Processing: ${bar.value} of ${plural(total, "image")} in ${plural(jobs.length, "job")}`;
      });
      ended += job.image_count;
    }
    text.textContent = `${plural(total, "image")} processed in ${plural(jobs.length, "job")}.`;
  }
}

function untilEnded(job, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const events = new EventSource(`${job.url}/events`);
    onProgress(0);
    events.addEventListener("image", (event) => onProgress(JSON.parse(event.data).ended));
    events.addEventListener("end", () => {
      events.close();
      resolve();
    });
    events.addEventListener("error", () => {
      // It reconnects by itself, unless the job is gone.
      if (events.readyState === EventSource.CLOSED) resolve();
    });
    signal.addEventListener("abort", () => {
      events.close();
      reject(new DOMException("stopped", "AbortError"));
    });
  });
}

/** Show the jobs as the service has them now, with those that were just made. */
async function showList() {
  const answer = await request(location.pathname);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const list = page.getElementById("jobs");
  localTimes(list);
  document.getElementById("jobs").replaceWith(list);
}

function plural(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

if (form) setUp();
