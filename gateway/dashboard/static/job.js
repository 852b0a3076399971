// The page of one job: its images and its head change as the job's events arrive.
import { localTimes } from "./dashboard.js";

const results = document.getElementById("results");

function replace(id, html) {
  const old = document.getElementById(id);
  const hadFocus = old.contains(document.activeElement);
  old.insertAdjacentHTML("afterend", html); // made by the server, which escapes what callers sent
  localTimes(old.nextElementSibling);
  old.remove();
  if (hadFocus) document.getElementById("content").focus();
}

function show({ id, html, summary, ended }) {
  document.getElementById("job-summary").textContent = summary;
  document.getElementById("job-progress").value = ended;
  replace(id, html);
}

function watch(url) {
  const events = new EventSource(url); // it resumes by itself after the last event
  events.addEventListener("image", (event) => show(JSON.parse(event.data)));
  events.addEventListener("end", (event) => {
    events.close();
    show(JSON.parse(event.data));
  });
}

// Small pictures are made one after the other: ask again for those that there was no time for.
results.addEventListener(
  "error",
  (event) => {
    const image = event.target;
    const tries = Number(image.dataset.tries || 0) + 1;
    if (image.tagName !== "IMG" || tries > 5) return;
    image.dataset.tries = tries;
    setTimeout(() => (image.src = `${image.src.split("?")[0]}?${tries}`), 3000 * tries);
  },
  true,
);

if (results.dataset.events) watch(results.dataset.events);
