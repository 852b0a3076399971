// One request to the service, with what can be known of its progress.

/** An error as the service described it (RFC 9457), or a connection that failed. */
export class Problem extends Error {
  constructor({ title, detail, status = 0, field = "", type = "" }, retryAfterS = 0) {
    super(detail || title);
    Object.assign(this, { title, status, field, type, retryAfterS });
  }
}

const UNREACHABLE = {
  title: "The service does not answer",
  detail: "The connection failed before an answer came. Check your network, then try again.",
};

/**
 * Send a form.
 *
 * @param {string} url
 * @param {FormData} form
 * @param {Record<string, string>} headers
 * @param {(stage: "upload" | "work" | "download", share: number) => void} progress
 *   shares are 0 to 1; of `work` nothing is known until it ends
 * @returns {{done: Promise<Outcome>, cancel: () => void}} `done` never settles once cancelled
 */
export function send(url, form, headers, progress) {
  const request = new XMLHttpRequest();
  request.open("POST", url);
  request.responseType = "blob";
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  const started = performance.now();
  let uploadedMs = 0;
  let workedMs = 0;
  const share = (event) => (event.lengthComputable && event.total ? event.loaded / event.total : 0);
  request.upload.onprogress = (event) => progress("upload", share(event));
  request.upload.onload = () => {
    uploadedMs = performance.now() - started;
    progress("work", 0);
  };
  request.onprogress = (event) => {
    workedMs ||= performance.now() - started;
    if (request.status === 200) progress("download", share(event));
  };
  const done = new Promise((resolve, reject) => {
    request.onerror = () => reject(new Problem(UNREACHABLE));
    request.onload = async () => {
      const endedMs = performance.now() - started;
      if (request.status !== 200) return reject(await problemOf(request));
      const around = { upload: uploadedMs, download: endedMs - (workedMs || endedMs) };
      resolve(outcome(request, around, endedMs));
    };
  });
  progress("upload", 0);
  request.send(form);
  return { done, cancel: () => request.abort() };
}

async function problemOf(request) {
  const retryAfterS = Number(request.getResponseHeader("Retry-After") ?? 0);
  try {
    return new Problem({ status: request.status, ...JSON.parse(await request.response.text()) }, retryAfterS);
  } catch {
    const title = `The service answered with status ${request.status}`;
    return new Problem({ title, detail: `${title}. Try again in a moment.`, status: request.status }, retryAfterS);
  }
}

function outcome(request, around, totalMs) {
  const header = (name) => request.getResponseHeader(name) ?? "";
  return {
    blob: request.response,
    name: fileName(header("Content-Disposition")),
    width: Number(header("X-Width")),
    height: Number(header("X-Height")),
    model: header("X-Model"),
    device: header("X-Device"),
    found: header("X-Foreground-Width") !== "",
    timesMs: { ...around, ...timings(header("Server-Timing")) },
    totalMs,
  };
}

function timings(header) {
  const stages = header.matchAll(/([\w-]+);dur=([\d.]+)/g);
  return Object.fromEntries([...stages].map(([, stage, ms]) => [stage, Number(ms)]));
}

function fileName(disposition) {
  const encoded = disposition.match(/filename\*=utf-8''([^;]+)/i);
  return encoded ? decodeURIComponent(encoded[1]) : "cutout";
}
