// What a page cannot do by itself: guard polling, follow a log, copy, open dialogs, a few keys. Everything works without it.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (name, handler) => document.addEventListener(name, handler);

  // --- polling: not in a hidden tab; honest about a lost connection
  let failures = 0;
  const connection = () => $("#connection");
  const lost = () => {
    failures += 1;
    const bar = connection();
    if (failures >= 2 && bar && bar.hidden) {
      $("time", bar).textContent = new Date().toLocaleTimeString();
      bar.hidden = false;
    }
  };
  on("htmx:beforeRequest", (event) => {
    const polls = (event.detail.elt.getAttribute("hx-trigger") || "").startsWith("every");
    if (polls && (document.hidden || $("[data-pick]:checked"))) event.preventDefault();
  });
  on("htmx:sendError", lost);
  on("htmx:timeout", lost);
  on("htmx:responseError", (event) => {
    if (event.detail.xhr.status >= 500) lost();
  });
  on("htmx:afterOnLoad", (event) => {
    if (event.detail.xhr.status >= 500) return;
    failures = 0;
    const bar = connection();
    if (bar) bar.hidden = true;
  });

  // --- a log that follows its end until the reader scrolls up
  const log = $(".log[data-live]");
  const follow = $("[data-follow]");
  if (log && follow) {
    let following = !location.hash;
    let unseen = 0;
    const pill = document.createElement("button");
    pill.type = "button";
    pill.className = "btn sm pill-new";
    pill.hidden = true;
    const show = () => {
      follow.setAttribute("aria-pressed", String(following));
      pill.hidden = following || !unseen;
      pill.textContent = `↓ ${unseen} new line${unseen === 1 ? "" : "s"}`;
      if (pill.parentNode !== log) log.append(pill);
    };
    const toEnd = () => {
      unseen = 0;
      log.scrollTop = log.scrollHeight;
    };
    const set = (value) => {
      following = value;
      if (following) toEnd();
      show();
    };
    const nearEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    log.addEventListener("scroll", () => {
      if (following !== nearEnd()) set(nearEnd());
    });
    new MutationObserver((changes) => {
      const added = changes.flatMap((change) => [...change.addedNodes]).filter((node) => node !== pill && node.nodeType === 1);
      unseen += added.reduce((sum, node) => sum + node.querySelectorAll("li").length, 0);
      if (following && added.length) toEnd();
      if (added.length) show();
    }).observe(log, { childList: true, subtree: true });
    follow.hidden = false;
    follow.addEventListener("click", () => set(!following));
    pill.addEventListener("click", () => set(true));
    set(following);
  }

  // --- dialogs, copying, one submit a form
  on("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
    const copier = event.target.closest("[data-copy]");
    if (copier) {
      navigator.clipboard?.writeText(copier.dataset.copy).then(() => {
        const before = copier.getAttribute("aria-label") || "";
        copier.setAttribute("aria-label", "Copied");
        copier.classList.add("done");
        setTimeout(() => {
          copier.setAttribute("aria-label", before);
          copier.classList.remove("done");
        }, 1500);
      });
    }
    const dismisser = event.target.closest("[data-dismiss]");
    if (dismisser) dismisser.closest(".toast")?.remove();
    const revealer = event.target.closest("[data-reveal]");
    if (revealer) {
      const field = document.getElementById(revealer.dataset.reveal);
      const shown = field.type === "text";
      field.type = shown ? "password" : "text";
      revealer.setAttribute("aria-pressed", String(!shown));
      revealer.textContent = shown ? "Show" : "Hide";
    }
    for (const box of $$("details.menu-box[open]")) if (!box.contains(event.target)) box.open = false;
  });
  on("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog" || !form.matches("[data-once]")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => $$("form[data-sent]").forEach((form) => delete form.dataset.sent));
  const reveal = () => $$("[data-reveal], [data-copy]").forEach((element) => (element.hidden = false));
  on("htmx:afterSwap", reveal);
  reveal();

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
      const [one, many] = button.dataset.words.split("|");
      $("span", button).textContent = (count === 1 ? one : many).replace("# ", count ? `${count} ` : "");
      button.disabled = !count;
    });
  on("change", counted);
  on("htmx:afterSwap", counted);
  counted();

  // --- times: relative or absolute
  on("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.code === "Slash") {
      const field = $("main input[type=search]");
      if (field) {
        field.focus();
        event.preventDefault();
      }
    } else if (event.code === "BracketLeft" || event.code === "BracketRight") {
      const steps = $$("[data-step]");
      const at = steps.findIndex((step) => step.hash === location.hash);
      const next = steps[event.code === "BracketRight" ? at + 1 : Math.max(at, 1) - 1];
      if (next) next.click();
    } else if (event.code === "KeyT") {
      $$("time[title]").forEach((time) => {
        const text = time.textContent;
        time.textContent = time.title;
        time.title = text;
      });
    }
  });
})();
