// What every page shares. Pages work without it.

/** The token that `fetch` sends as X-CSRF-Token with everything that changes something. */
export const csrfToken = document.querySelector('meta[name="csrf-token"]').content;

/** Fetch from this site, with the token; throw an Error whose message says what to do. */
export async function request(url, options = {}) {
  const headers = { "X-CSRF-Token": csrfToken, ...options.headers };
  const answer = await fetch(url, { ...options, headers });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    const error = new Error(problem.detail || problem.title || `Error ${answer.status}`);
    throw Object.assign(error, { status: answer.status, problem });
  }
  return answer;
}

// <button data-copy="id of an element">: copies the element's text.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const label = button.querySelector("[data-label]") || button;
  const before = label.textContent;
  await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
  label.textContent = "Copied";
  setTimeout(() => (label.textContent = before), 2000);
});

// <form data-confirm="question">: asks before it is sent.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// On narrow screens the navigation scrolls.
document.querySelector(".nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

/** Show the times inside an element in the reader's own time zone. */
export function localTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const time = new Date(element.dateTime);
    element.title = element.textContent;
    element.textContent = time.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
}

localTimes(document);
