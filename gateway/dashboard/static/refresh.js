// <… id="part" data-refresh="URL" data-every-s="5">: replaces the element by what the URL has, as
// long as the page is looked at and the element asks for it.
import { localTimes, request } from "./dashboard.js";

function isUsed(element) {
  return element.contains(document.activeElement) || element.querySelector("details[open]");
}

async function refresh(element) {
  if (document.hidden || isUsed(element)) return later(element);
  try {
    const answer = await request(element.dataset.refresh);
    element.insertAdjacentHTML("afterend", await answer.text());
  } catch (error) {
    // Signed out, or gone: leave the page as it is. Everything else may pass.
    return [401, 403, 404].includes(error.status) ? undefined : later(element);
  }
  const next = element.nextElementSibling;
  localTimes(next);
  element.remove();
  later(next);
}

function later(element) {
  if (element.dataset.refresh) setTimeout(refresh, 1000 * element.dataset.everyS, element);
}

document.querySelectorAll("[data-refresh]").forEach(later);
