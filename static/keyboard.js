// Keys and the palette. Letters are keys of the board (event.code), so that they work with any layout; no key runs anything.
"use strict";
(() => {
  const { $, $$, on, words, copy } = ui;
  const palette = $("#palette");
  const field = palette && $("input", palette);

  // --- the palette: a list that the arrows walk through while the field keeps the focus
  const options = () => $$("[role=option]", palette);
  const choose = (step) => {
    const all = options();
    const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const next = all[(at + step + all.length) % all.length];
    all.forEach((option) => option.setAttribute("aria-selected", String(option === next)));
    if (next) field.setAttribute("aria-activedescendant", next.id);
    else field.removeAttribute("aria-activedescendant");
    next?.scrollIntoView({ block: "nearest" });
  };
  const open = () => {
    if (!palette.open) palette.showModal();
    field.select();
    htmx.trigger(field, "open");
  };
  if (palette) {
    on("htmx:afterSwap", (event) => {
      if (event.target.id === "palette-hits") choose(1);
    });
    field.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) choose(step);
      else if (event.key === "Enter" && $("[aria-selected=true]", palette)) $("[aria-selected=true]", palette).click();
      else if (event.key === "Escape") palette.close(); // a browser would only empty the field, and wait for a second
      else return;
      event.preventDefault();
    });
    palette.addEventListener("click", (event) => {
      if (event.target === palette) palette.close();
    });
    on("click", (event) => {
      if (!event.target.closest("[data-palette]") || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      open();
    });
  }
  const help = () => {
    htmx.ajax("GET", words("help"), "#keys-body");
    if (!$("#keys").open) $("#keys").showModal();
  };
  on("click", (event) => {
    if (!event.target.closest("[data-keymap]") || !$("#keys")) return;
    event.preventDefault();
    help();
  });

  // --- rows: what has the focus says which one it is
  const first = (row) => $("a[href], summary, button:not(:disabled)", row);
  const rows = () =>
    $$("main :is(tbody > tr, .rows > li, .attn li, .entries li, .steps > li, .props > li, .topics > li, .hits > a)").filter(
      (row) => row.offsetParent && (row.matches("a") || first(row)),
    );
  const current = () => document.activeElement.closest("main :is(tr, li, .hits > a)");
  const walk = (step) => {
    const all = rows();
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
    if (next) (next.matches("a") ? next : first(next)).focus();
  };
  const copyRow = () => {
    const row = current();
    const revision = row && $(".rev[title], .rev", row);
    const link = row && (row.matches("a") ? row : first(row));
    if (revision) copy(revision.title || revision.textContent.trim());
    else if (link?.href) copy(link.href);
  };

  // --- the matrix: arrows go from cell to cell once the focus is in one
  const toCell = (key) => {
    const cell = document.activeElement.closest(".matrix td");
    if (!cell) return false;
    const row = cell.parentElement;
    const column = cell.cellIndex;
    const lines = $$("tbody tr", row.closest("table"));
    const place = lines.indexOf(row);
    const to = {
      ArrowLeft: column > 1 && row.cells[column - 1],
      ArrowRight: row.cells[column + 1],
      ArrowUp: lines[place - 1]?.cells[column],
      ArrowDown: lines[place + 1]?.cells[column],
    }[key];
    if (to) first(to)?.focus();
    return true;
  };
  const plan = () => {
    const button = document.activeElement.closest(".matrix td") && $(".act .btn.soft", document.activeElement.closest("td"));
    if (button?.href) button.click();
    else button?.focus();
  };

  const step = (by) => {
    const steps = $$("[data-step]");
    const at = steps.findIndex((one) => one.hash === location.hash);
    steps[by > 0 ? at + 1 : Math.max(at, 1) - 1]?.click();
  };
  const times = () =>
    $$("time[title]").forEach((time) => {
      const text = time.textContent;
      time.textContent = time.title;
      time.title = text;
    });
  const filter = () => {
    const found = $("main input[type=search]");
    found?.focus();
    found?.select();
    return Boolean(found);
  };
  const go = (code) => {
    const link = $(`[data-go=${code.slice(3).toLowerCase()}]`);
    if (link) link.click();
  };

  let leading = 0;
  const single = {
    Slash: filter,
    KeyJ: () => walk(1),
    KeyK: () => walk(-1),
    KeyO: () => current() && first(current())?.click(),
    KeyX: () => current() && $("input[type=checkbox]", current())?.click(),
    KeyC: copyRow,
    KeyT: times,
    KeyP: plan,
    KeyG: () => (leading = Date.now()),
    BracketLeft: () => step(-1),
    BracketRight: () => step(1),
  };
  on("keydown", (event) => {
    const { code, key, shiftKey } = event;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !shiftKey && code === "KeyK" && palette) {
      event.preventDefault();
      open();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
    if (typing) {
      if (key === "Escape" && !$("dialog[open]")) typing.blur();
      return;
    }
    if ($("dialog[open]")) return;
    if (key.startsWith("Arrow")) {
      if (toCell(key)) event.preventDefault();
      return;
    }
    if (document.documentElement.hasAttribute("data-quiet")) return;
    const led = Date.now() - leading < 1500;
    if (led && code.startsWith("Key")) {
      leading = 0;
      go(code);
    } else if (key === "?" || (code === "Slash" && shiftKey)) help();
    else if (key === "/" || !shiftKey) (key === "/" ? filter : single[code])?.();
    else return;
    if (single[code] || key === "?" || key === "/") event.preventDefault();
  });
})();
