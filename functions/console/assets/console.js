// What makes the console comfortable. Every page works without it.
"use strict";

// Keys: / searches, j and k move between lines, Enter opens the one that is marked.
const rows = [...document.querySelectorAll("table[data-keys] tbody tr")];
let here = -1;
function move(by) {
  if (!rows.length) return;
  rows[here]?.classList.remove("here");
  here = Math.min(Math.max(here + by, 0), rows.length - 1);
  rows[here].classList.add("here");
  rows[here].querySelector("a")?.focus();
  rows[here].scrollIntoView({ block: "nearest" });
}
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("q")?.focus();
  } else if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
});

// A form is sent once. One that saves a file leaves the page where it is, and can be used again.
document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("button");
  if (!button || event.target.method !== "post") return;
  setTimeout(() => { button.disabled = true; });
  if (event.target.id === "export") setTimeout(() => { button.disabled = false; }, 3000);
});
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button:disabled")) button.disabled = false;
});

// Numbers stay true while the page is looked at.
const counts = document.querySelector("[data-counts]");
async function count() {
  if (document.hidden) return;
  try {
    const answer = await fetch(counts.dataset.counts, { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    for (const [key, shown] of Object.entries(await answer.json())) {
      const number = counts.querySelector(`[data-count="${key}"]`);
      const sum = counts.querySelector(`[data-amount="${key}"]`);
      if (number) number.textContent = shown.count;
      if (sum) sum.textContent = shown.amount;
    }
    counts.dataset.countedAt = Date.now();
  } catch { /* The next one may come. */ }
}
if (counts) setInterval(count, 5000);

// The issuer sends the browser back with a token behind #, where no server and no log sees it. API Gateway
// looks at it once, and a session begins.
const issuer = document.getElementById("issuer");
const token = new URLSearchParams(location.hash.slice(1));
const shown = token.get("id_token") || token.get("access_token");
if (issuer && shown) {
  history.replaceState(null, "", location.pathname);
  issuer.hidden = false;
  fetch("/console/session", { method: "POST", headers: { authorization: `Bearer ${shown}` }, redirect: "manual" })
    .then(() => location.replace("/console"));
}
