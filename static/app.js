// What a page cannot do by itself: guard polling, copy, open dialogs, send forms once. Everything works without it.
// keyboard.js has the keys and the palette, log.js the log of a job; both use what stands in `ui`.
"use strict";
const ui = (() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (name, handler) => document.addEventListener(name, handler);
  const words = (name) => $("#words")?.dataset[name] || "";

  // --- what was just done, said where everybody hears it; gone after eight seconds unless somebody looks at it
  const leave = (toast) =>
    setTimeout(() => {
      if (toast.matches(":hover, :focus-within")) leave(toast);
      else toast.remove();
    }, 8000);
  const say = (text) => {
    const toast = document.createElement("div");
    toast.className = "toast ok";
    toast.append(Object.assign(document.createElement("p"), { textContent: text }));
    $("#toasts")?.append(toast);
    leave(toast);
  };
  $$("#toasts .toast.ok").forEach(leave);
  const copy = (text) => navigator.clipboard?.writeText(text).then(() => say(words("copied")));

  // --- what changed, for those who hear the page: in a region that stays, and only when the sentence is another one
  const sentence = () => $("[data-say]")?.textContent.trim().replace(/\s+/g, " ") || "";
  let said = sentence();
  on("htmx:afterSwap", () => {
    if (sentence() && sentence() !== said) $("#said").textContent = said = sentence();
  });

  // --- polling: not in a hidden tab; honest about a lost connection or an ended session
  const polling = () => $$("[hx-trigger^=every]");
  let failures = 0;
  let contact = Date.now();
  let waiting = 0;
  let signedOut = false;
  const lost = () => {
    failures += 1;
    const bar = $("#connection");
    if (failures === 3 && bar) {
      $("span", bar).textContent = bar.dataset.said.replace("#", new Date().toLocaleTimeString());
      bar.hidden = false;
    }
    clearTimeout(waiting);
    waiting = setTimeout(probe, Math.min(2 ** (failures - 1), 30) * 1000);
  };
  const back = () => {
    const away = failures >= 3;
    failures = 0;
    contact = Date.now();
    if ($("#connection")) $("#connection").hidden = true;
    if (away) polling().forEach((part) => htmx.ajax("GET", part.getAttribute("hx-get"), { source: part }));
  };
  const probe = () =>
    fetch($("link[rel=icon]").href, { method: "HEAD", cache: "no-store" }).then((answer) => (answer.status < 500 ? back() : lost()), lost);
  setInterval(() => {
    if (!failures && !document.hidden && !signedOut && Date.now() - contact > 4000 && polling().length) probe();
  }, 2000);
  on("htmx:beforeRequest", (event) => {
    const polls = (event.detail.elt.getAttribute("hx-trigger") || "").startsWith("every");
    const typing = event.detail.target?.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
    if (polls && (document.hidden || failures || signedOut || typing || $("[data-pick]:checked"))) event.preventDefault();
  });
  on("htmx:sendError", lost);
  on("htmx:timeout", lost);
  on("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (status >= 500) lost();
    if (status !== 401 || event.detail.xhr.getResponseHeader("HX-Redirect")) return;
    signedOut = true;
    const dialog = $("#signed-out");
    if (dialog && !dialog.open) dialog.showModal();
  });
  on("htmx:afterOnLoad", (event) => {
    const { elt, xhr } = event.detail;
    if (xhr.status < 500) back();
    const moment = xhr.getResponseHeader("As-Of"); // nothing has changed until then
    if (moment) $(".num", elt).textContent = moment;
  });

  // --- a part that is swapped leaves the keyboard where it was: what had the focus is found again by where it leads
  const PLACES = ["id", "formaction", "href", "value", "data-dialog"];
  let held = [];
  on("htmx:beforeSwap", ({ detail }) => {
    const one = document.activeElement;
    const name = detail.target?.contains(one) && PLACES.find((place) => one.getAttribute(place));
    const same = name ? `[${name}="${CSS.escape(one.getAttribute(name))}"]` : "";
    held = same ? [same, $$(same).indexOf(one)] : [];
  });
  on("htmx:afterSwap", () => {
    if (held.length && document.activeElement === document.body) $$(held[0])[held[1]]?.focus({ preventScroll: true });
    held = [];
  });

  // --- dialogs, copying, one submit a form
  on("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
    const copier = event.target.closest("[data-copy]");
    if (copier) copy(copier.dataset.copy);
    event.target.closest("[data-dismiss]")?.closest(".toast")?.remove();
    const revealer = event.target.closest("[data-reveal]");
    if (revealer) {
      const field = document.getElementById(revealer.dataset.reveal);
      const shown = field.type === "text";
      field.type = shown ? "password" : "text";
      revealer.setAttribute("aria-pressed", String(!shown));
      revealer.textContent = revealer.dataset[shown ? "show" : "hide"];
    }
    for (const box of $$("details.menu-box[open]")) if (!box.contains(event.target)) box.open = false;
  });
  on("submit", (event) => {
    const form = event.target;
    if (event.submitter?.getAttribute("aria-disabled") === "true") {
      event.preventDefault();
      $("[data-typed]", form).focus();
      return;
    }
    if (form.method === "dialog" || !form.matches("[data-once]")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    $$("form[data-sent]").forEach((form) => delete form.dataset.sent);
    [settle, conditional, counted].forEach((renewed) => renewed()); // the browser gives back what was typed and ticked
  });
  const reveal = () => $$("[data-reveal], [data-copy]").forEach((element) => (element.hidden = false));
  on("htmx:afterSwap", reveal);
  reveal();
  $$("input[data-zone]").forEach((field) => (field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || ""));

  // --- on paper the steps of a plan are open
  addEventListener("beforeprint", () => $$("details.step:not([open])").forEach((step) => (step.open = step.dataset.folded = true)));
  addEventListener("afterprint", () =>
    $$("[data-folded]").forEach((step) => {
      step.open = false;
      delete step.dataset.folded;
    }),
  );

  // --- what asks for its name: the button waits for it and for every tick. The server asks for the same
  const settle = () =>
    $$("[data-typed]").forEach(({ id, form, value, dataset }) => {
      const sure = form.checkValidity() && value.trim() === dataset.typed;
      $(`#${id}-layout`).hidden = !/[\u0400-\u04ff]/.test(value);
      for (const part of form.elements) if (part.type === "submit") part.setAttribute("aria-disabled", String(!sure));
    });
  on("input", settle);
  on("change", settle);
  settle();

  // --- choices that show only what belongs to them
  const conditional = () =>
    $$("[data-when]").forEach((part) => {
      const [, name, not, value] = part.dataset.when.match(/^(\w+)(!?)=(.*)$/);
      const chosen = $(`[name="${name}"]:checked`) || $(`select[name="${name}"]`);
      part.hidden = Boolean(chosen) && (chosen.value === value) === Boolean(not);
    });
  on("change", conditional);
  conditional();

  // --- forms that send themselves, and with Ctrl Enter
  on("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  on("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches("[data-keys]")) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });

  // --- several at once: how many are ticked
  const counted = () =>
    $$("[data-count]").forEach((button) => {
      const count = $$("[data-pick]:checked").length;
      const [one, many, none] = button.dataset.words.split("|");
      $("span", button).textContent = (count ? (count === 1 ? one : many) : none).replace("#", count);
      button.disabled = !count;
    });
  on("change", counted);
  on("htmx:afterSwap", counted);
  counted();
  return { $, $$, on, words, say, copy };
})();
