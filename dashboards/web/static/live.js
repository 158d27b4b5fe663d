// Keeps a page live: when the server says that something changed, the page's live part is asked for again and what
// differs in it is swapped. Also filters the overview while its reader types. Without this script every page still works.
"use strict";
(() => {
  const live = document.getElementById("live");
  const pulse = document.getElementById("pulse");
  const clock = document.getElementById("clock");
  let wanted = 0; // refreshes asked for
  let running = false;

  // refresh fetches the live part until nothing new was asked for meanwhile.
  async function refresh() {
    wanted++;
    if (running) return;
    running = true;
    try {
      for (let seen = -1; seen !== wanted; ) {
        seen = wanted;
        const answer = await fetch(location.href, { headers: { "X-Part": "live" } });
        if (answer.status === 401) return location.reload(); // the session is over: it leads to where people sign in
        const html = await answer.text();
        if (seen === wanted) swap(html);
      }
      state("live");
    } catch {
      state("lost");
    } finally {
      running = false;
    }
  }

  // swap replaces the blocks that differ, so that a selection elsewhere stays, and keeps focus and open details.
  function swap(html) {
    const focus = live.contains(document.activeElement) && document.activeElement.getAttribute("href");
    const opened = [...live.querySelectorAll("details[open][id]")].map((d) => d.id);
    const fresh = [...new DOMParser().parseFromString(html, "text/html").body.children];
    for (const [i, block] of fresh.entries()) {
      const old = live.children[i];
      if (!old) live.append(block);
      else if (old.outerHTML !== block.outerHTML && !inUse(old)) old.replaceWith(block);
    }
    while (live.children.length > fresh.length) live.lastElementChild.remove();
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    if (focus && !live.contains(document.activeElement)) live.querySelector(`[href="${CSS.escape(focus)}"]`)?.focus();
    clock.textContent = live.querySelector("[data-at]")?.dataset.at ?? clock.textContent;
  }

  // inUse reports whether somebody is filling in a form of a block: what they have typed stays until it is sent.
  function inUse(block) {
    const fields = [...block.querySelectorAll("input:not([type=hidden]), textarea, select")];
    const touched = (f) =>
      f === document.activeElement || (f.options ? f.selectedIndex > 0 : f.value !== f.defaultValue || f.checked !== f.defaultChecked);
    return fields.some(touched);
  }

  function state(name) {
    pulse.dataset.state = name;
    pulse.querySelector(".pulse-text").textContent = name === "live" ? "Live" : "Connection lost, last known figures";
  }

  const events = new EventSource("/events");
  events.addEventListener("change", refresh);
  events.addEventListener("open", () => state("live"));
  events.addEventListener("error", () => state("lost"));

  const form = document.getElementById("filter");
  if (form) {
    let timer;
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const query = new URLSearchParams([...new FormData(form)].filter(([, v]) => v));
        history.replaceState(null, "", query.size ? "?" + query : location.pathname);
        refresh();
      }, 120);
    });
    document.addEventListener("keydown", (e) => {
      const typing = /^(input|textarea|select)$/i.test(e.target.tagName);
      if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey) {
        e.preventDefault();
        form.elements.q.focus();
      }
    });
  }
})();
