// The log of a job: it follows its end until the reader scrolls up, jumps from error to error, and marks lines that can be linked to.
"use strict";
(() => {
  const { $, $$, on, words, copy } = ui;
  const log = $("#log");
  if (!log) return;

  // --- follow
  const follow = $("[data-follow]");
  let following = false;
  let unseen = 0;
  let bottom = 0;
  const pill = Object.assign(document.createElement("button"), { type: "button", className: "btn sm pill-new", hidden: true });
  const inAddress = (name, value) => {
    const address = new URL(location);
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
    history.replaceState(history.state, "", address);
  };
  const show = () => {
    follow?.setAttribute("aria-pressed", String(following));
    pill.hidden = following || !unseen;
    pill.textContent = words("lines").replace("#", unseen);
    if (pill.parentNode !== log || pill.nextSibling) log.append(pill);
  };
  const toEnd = () => {
    unseen = 0;
    log.scrollTop = log.scrollHeight;
    bottom = log.scrollTop;
  };
  const set = (value) => {
    following = value;
    if (following) toEnd();
    show();
  };
  const chosen = (value) => {
    set(value);
    inAddress("follow", value ? "" : "off");
  };
  if (follow && log.hasAttribute("data-live")) {
    const nearEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    log.addEventListener("scroll", () => {
      if (following !== nearEnd()) set(nearEnd());
    });
    new MutationObserver((changes) => {
      const added = changes.flatMap((change) => [...change.addedNodes]).filter((node) => node !== pill && node.nodeType === 1);
      if (log.scrollTop + 4 < bottom) following = false; // scrolled up in the same moment
      unseen += added.reduce((sum, node) => sum + node.querySelectorAll("li").length, 0);
      if (following && added.length) toEnd();
      if (added.length) show();
    }).observe(log, { childList: true, subtree: true });
    follow.hidden = false;
    follow.addEventListener("click", () => chosen(!following));
    pill.addEventListener("click", () => chosen(true));
    set(!location.hash && !new URLSearchParams(location.search).has("follow"));
  }

  // --- #L118 and #L118-L130
  const marked = () => location.hash.match(/^#L(\d+)(?:-L?(\d+))?$/);
  const mark = (jump) => {
    const [, from, to] = marked() || [];
    $$(".hit-l", log).forEach((line) => line.classList.remove("hit-l"));
    if (!from) return;
    const [low, high] = [+from, +(to || from)].sort((a, b) => a - b);
    const lines = $$("li[id]", log).filter((line) => +line.id.slice(1) >= low && +line.id.slice(1) <= high);
    lines.forEach((line) => line.classList.add("hit-l"));
    if (jump && lines.length) lines[0].scrollIntoView({ block: "center" });
    else if (jump && !$(`#L${low}`) && !new URLSearchParams(location.search).has("line")) {
      const address = new URL(location);
      address.searchParams.set("line", low);
      location.replace(address);
    }
  };
  log.addEventListener("click", (event) => {
    const link = event.target.closest("li > a");
    if (!link || !event.shiftKey || !marked()) return;
    event.preventDefault();
    history.replaceState(history.state, "", `#L${marked()[1]}-${link.hash.slice(1)}`);
    mark(false);
  });
  addEventListener("hashchange", () => mark(true));
  on("htmx:afterSwap", () => mark(false));
  mark(true);

  // --- errors, wrapping, links
  const errors = () => $$("li:is(.e, .w)", log);
  let at = -1;
  const jump = (step) => {
    const all = errors();
    if (!all.length) return;
    at = (at + step + all.length) % all.length;
    set(false);
    location.hash = all[at].id;
  };
  const wrap = $("[data-wrap]");
  const wrapped = () => {
    const off = log.classList.toggle("nowrap");
    wrap?.setAttribute("aria-pressed", String(!off));
    inAddress("wrap", off ? "off" : "");
  };
  if (wrap) {
    wrap.addEventListener("click", (event) => {
      event.preventDefault();
      wrapped();
    });
  }
  // a log that ended in an error opens there, if its address names no other line
  const ended = log.hasAttribute("data-failed") && !location.hash ? errors().findLastIndex((line) => line.matches(".e")) : -1;
  if (ended >= 0) {
    at = ended;
    log.scrollTop += errors()[at].getBoundingClientRect().top - log.getBoundingClientRect().top - log.clientHeight / 2;
  }
  $$("[data-jump]").forEach((button) => {
    button.hidden = !errors().length;
    button.addEventListener("click", () => jump(+button.dataset.jump));
  });
  on("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.documentElement.hasAttribute("data-quiet") || $("dialog[open]")) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.code === "KeyN") jump(event.shiftKey ? -1 : 1);
    else if (event.code === "KeyL" && event.shiftKey) copy(location.href);
    else if (event.shiftKey) return;
    else if (event.code === "KeyF" && follow && !follow.hidden) chosen(!following);
    else if (event.code === "KeyW") wrapped();
  });
})();
