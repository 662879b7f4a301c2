"use strict";
(() => {
  // What can be filtered by, with the names as the page's address has them. A row that has nothing to say of one fits any of its values, a
  // finding none.
  const FACETS = ["rule", "theme", "folder", "table", "route", "effort", "confidence"];
  const PRIORITIES = ["P0", "P1", "P2", "P3"];
  const byId = (id) => document.getElementById(id);
  // One value a line: no name has a line break, as the page writes them, and none is read as anything but text.
  const many = (text) => (text ? text.split("\n") : []);
  const things = [...document.querySelectorAll("[data-thing]")].map((node) => ({
    node,
    text: node.textContent.toLowerCase(),
    isFinding: node.dataset.thing === "finding",
    values: Object.fromEntries(FACETS.map((facet) => [facet, many(node.dataset[facet])])),
  }));
  const findings = things.filter((thing) => thing.isFinding);
  const search = byId("search"), fresh = byId("new");
  const boxes = [...document.querySelectorAll("input[data-priority]")];
  const selects = new Map();

  for (const facet of FACETS) {
    const select = byId(`by-${facet}`);
    if (!select) continue;
    // Any, and one value that all have.
    select.hidden = select.options.length < 3;
    selects.set(facet, select);
  }

  const fits = (thing, wanted, words) => {
    const { dataset } = thing.node;
    if (dataset.p && !wanted.has(dataset.p)) return false;
    if (fresh && fresh.checked && dataset.known === "1") return false;
    for (const [facet, select] of selects) {
      const own = thing.values[facet];
      if (select.value && (thing.isFinding || own.length) && !own.includes(select.value)) return false;
    }
    return words.every((word) => thing.text.includes(word));
  };

  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.dataset.priority));
    let shown = 0;
    const themes = new Set();
    for (const thing of things) {
      // A theme is shown as long as one of its findings is.
      if (thing.node.dataset.thing === "theme") continue;
      const isShown = fits(thing, wanted, words);
      thing.node.hidden = !isShown;
      if (isShown && thing.isFinding) {
        shown += 1;
        thing.values.theme.forEach((theme) => themes.add(theme));
      }
    }
    const isAll = shown === findings.length;
    for (const { node } of things.filter(({ node }) => node.dataset.thing === "theme")) node.hidden = !isAll && !themes.has(node.id);
    // The page may hold only the first of them: how many there are is what the run counted.
    const total = Number(byId("findings")?.dataset.total);
    const held = total > findings.length ? `; the page holds ${findings.length}` : "";
    byId("shown").textContent = findings.length ? `${shown} of ${total} findings shown${held}` : "";
    for (const heading of document.querySelectorAll("[data-counts]")) {
      const own = [...heading.closest("section, .group").querySelectorAll(`[data-thing="${heading.dataset.counts}"]`)];
      const visible = own.filter((node) => !node.hidden).length;
      const total = heading.dataset.total;
      heading.querySelector(".count").textContent = visible === own.length ? ` (${total})` : ` (${visible} of ${total})`;
      const group = heading.closest(".group");
      if (group) group.hidden = own.length > 0 && visible === 0;
    }
  };

  // A part of an address that anybody may have written.
  const decoded = (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  // The address after `#` is either the id of a place in the page, or filters and, as `at`, such an id.
  const state = () => {
    const out = new URLSearchParams();
    for (const [facet, select] of selects) if (select.value) out.set(facet, select.value);
    const on = boxes.filter((box) => box.checked).map((box) => box.dataset.priority);
    if (on.length < boxes.length) out.set("priority", on.join(","));
    if (fresh && fresh.checked) out.set("new", "1");
    if (search.value.trim()) out.set("q", search.value.trim());
    return out;
  };
  const go = (id) => {
    const target = id && byId(id);
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    const inner = target.tagName === "ARTICLE" && target.querySelector("details");
    if (inner) inner.open = true;
    target.scrollIntoView();
  };
  const write = (id) => {
    const filters = state();
    if (id && !filters.size) return history.pushState(null, "", `#${id}`);
    if (id) filters.set("at", id);
    history.replaceState(null, "", filters.size ? `#${filters}` : location.pathname + location.search);
  };
  const read = () => {
    const hash = location.hash.slice(1);
    const filters = new URLSearchParams(hash.includes("=") ? hash : "");
    for (const [facet, select] of selects) {
      select.value = filters.get(facet) || "";
      if (select.selectedIndex < 0) select.value = "";
    }
    const on = new Set((filters.get("priority") ?? PRIORITIES.join(",")).split(","));
    for (const box of boxes) box.checked = on.has(box.dataset.priority);
    if (fresh) fresh.checked = filters.get("new") === "1";
    search.value = filters.get("q") || "";
    apply();
    go(hash.includes("=") ? filters.get("at") : decoded(hash));
  };

  const changed = () => { apply(); write(); };
  for (const control of [search, fresh, ...boxes, ...selects.values()]) control?.addEventListener("input", changed);
  byId("reset").addEventListener("click", () => {
    for (const select of selects.values()) select.value = "";
    for (const box of boxes) box.checked = true;
    if (fresh) fresh.checked = false;
    search.value = "";
    changed();
  });
  addEventListener("hashchange", read);
  addEventListener("popstate", read);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const id = decoded((link.getAttribute("href") || "#").slice(1));
    if (!byId(id)) return;
    event.preventDefault();
    write(id);
    go(id);
  });

  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const isDone = document.execCommand("copy");
      area.remove();
      return isDone;
    }
  };
  for (const block of document.querySelectorAll("pre[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      button.textContent = (await copied(block.querySelector("code").textContent)) ? "Copied" : "Press Ctrl+C";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    block.before(button);
  }
  read();
})();
