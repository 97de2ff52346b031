"use strict";
// Every page works without this. It copies commands, shows local times, and loads the overview again each minute.
(() => {
  const kept = { get: (name) => { try { return localStorage.getItem(name); } catch { return null; } },
    set: (name, value) => { try { localStorage.setItem(name, value); } catch { /* a private window keeps nothing */ } } };
  const zone = document.getElementById("zone");
  const local = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
  const showTimes = () => {
    const mine = kept.get("zone") === "local";
    for (const one of document.querySelectorAll("time[datetime]")) {
      one.dataset.utc ??= one.textContent;
      one.textContent = mine ? local.format(new Date(one.dateTime)) : one.dataset.utc;
    }
    if (zone) zone.textContent = mine ? "Times in your zone" : "Times in UTC";
  };
  const showCopies = () => {
    for (const one of document.querySelectorAll("button.copy")) one.hidden = !navigator.clipboard;
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  if (zone) {
    zone.hidden = false;
    zone.addEventListener("click", () => { kept.set("zone", kept.get("zone") === "local" ? "utc" : "local"); showTimes(); });
  }
  const main = document.getElementById("main");
  const asItWas = () => [...main.querySelectorAll("input, select, textarea")].every((one) => one.type === "hidden" ||
    (one.options ? [...one.options].every((each) => each.selected === each.defaultSelected || !one.value)
      : one.value === one.defaultValue));
  const isUndisturbed = () => !document.hidden && !main.contains(document.activeElement) && asItWas() &&
    !main.querySelector("details[open]:not([data-open])") && getSelection().isCollapsed;
  const refresh = async () => {
    if (!isUndisturbed()) return;
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok || answer.redirected || !isUndisturbed()) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!fresh.querySelector("main[data-refresh]")) return;
    for (const part of ["main", ".top-end span", ".as-of"]) {
      const [before, after] = [document.querySelector(part), fresh.querySelector(part)];
      if (before && after) before.replaceChildren(...after.childNodes);
    }
    document.title = fresh.title;
    document.querySelector("link[rel=icon]").href = fresh.querySelector("link[rel=icon]").href;
    showTimes();
    showCopies();
  };
  if (main.hasAttribute("data-refresh")) setInterval(() => refresh().catch(() => { /* the next minute tries again */ }), 60000);
  addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("main details")) one.open = true; });
  showTimes();
  showCopies();
})();
