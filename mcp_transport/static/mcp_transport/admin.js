// Live parts and copy buttons. Every page works without this file.
//
// A live part is an element with data-live (its address), data-every (seconds)
// and data-version (its entity tag). It is not touched while the page is
// hidden or paused, or while focus, an open menu or a selection is inside.

const LONGEST = 60_000; // milliseconds between two attempts, after failures
const PATIENCE = 10_000; // milliseconds for an answer
const SIGNED_OUT = "Signed out. Reload the page to sign in again.";

const root = document.querySelector(".mx");
const parts = [];
let isOver = false; // signed out
let isPaused = false;

function say(text) {
  const status = root.querySelector("[role=status]");
  if (status && status.textContent !== text) status.textContent = text;
}

function end(text) {
  isOver = true;
  parts.forEach((part) => part.rest());
  root.classList.add("mx-over");
  say(text);
}

class LivePart {
  constructor(element) {
    this.element = element;
    this.pace = Number(element.dataset.every) * 1000;
    this.wait = this.pace;
    this.version = element.dataset.version;
    this.schedule();
  }

  rest() {
    clearTimeout(this.timer);
  }

  schedule(wait = this.wait) {
    this.rest();
    if (isOver || isPaused || document.hidden || this.isOver) return;
    this.timer = setTimeout(() => this.refresh(), wait * (0.9 + 0.2 * Math.random()));
  }

  get isInUse() {
    const selection = getSelection();
    return (
      this.element.contains(document.activeElement) ||
      (!selection.isCollapsed && selection.containsNode(this.element, true))
    );
  }

  async refresh() {
    if (this.mode !== "timeline" && this.isInUse) return this.schedule();
    let answer;
    try {
      answer = await fetch(this.element.dataset.live, {
        headers: { "If-None-Match": this.version },
        credentials: "same-origin",
        cache: "no-store",
        redirect: "manual",
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (answer.type === "opaqueredirect" || [401, 403].includes(answer.status)) return end(SIGNED_OUT);
      if (answer.ok) this.show(await answer.text(), answer.headers.get("ETag"));
      else if (answer.status !== 304) throw new Error(answer.status);
    } catch {
      this.isAway = true;
      this.wait = Math.min(2 * this.wait, Math.max(LONGEST, this.pace));
      say("The site does not answer; trying again.");
      return this.schedule();
    }
    if (this.isAway) say("Up to date again.");
    this.isAway = false;
    this.wait = this.pace;
    this.schedule();
  }

  get mode() {
    return this.element.dataset.mode;
  }

  show(text, version) {
    const fresh = new DOMParser().parseFromString(text, "text/html").body;
    if (this.mode === "timeline") this.collect(fresh);
    else if (this.isInUse) return; // focus came in while the answer was on its way
    else this.swap(fresh);
    this.version = version || "";
    this.isOver = !!this.element.querySelector("[data-over]");
    const told = this.element.querySelector("[data-say]");
    if (told) say(told.dataset.say);
    this.element.dispatchEvent(new CustomEvent("mx:swapped", { bubbles: true }));
  }

  swap(fresh) {
    for (const open of this.element.querySelectorAll("details[id][open]")) {
      fresh.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
    }
    for (const kept of this.element.querySelectorAll("[data-keep]")) {
      fresh.querySelector(`#${CSS.escape(kept.id)}`)?.replaceWith(kept); // a part that lives by itself
    }
    this.element.replaceChildren(...fresh.childNodes);
  }

  // New rows wait behind a button; rows that are shown are not moved.
  collect(fresh) {
    const list = this.element.querySelector("ol");
    const rows = [...fresh.querySelectorAll("ol > li[data-key]")];
    if (!list) return this.swap(fresh);
    const known = new Set([...list.children].map((row) => row.dataset.key));
    this.waiting = rows.filter((row) => !known.has(row.dataset.key));
    this.offer(list);
  }

  offer(list) {
    this.button ??= this.makeButton(list);
    this.button.hidden = !this.waiting.length;
    this.button.textContent = `${this.waiting.length} new (show)`;
    if (this.waiting.length) say(`${this.waiting.length} new`);
  }

  makeButton(list) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "mx-fresh";
    button.addEventListener("click", () => {
      list.prepend(...this.waiting);
      this.waiting = [];
      button.hidden = true;
      list.querySelector("summary, a")?.focus();
    });
    this.element.before(button);
    return button;
  }
}

function start() {
  parts.push(...[...root.querySelectorAll("[data-live]")].map((element) => new LivePart(element)));
}

async function copy(button) {
  const value = button.closest(".mx-code, .mx-value").querySelector("[data-value]");
  try {
    await navigator.clipboard.writeText(value.textContent);
    say("Copied.");
  } catch {
    getSelection().selectAllChildren(value); // without HTTPS there is no clipboard
    say("Selected: copy it with the keyboard.");
  }
}

function pause(button) {
  isPaused = !isPaused;
  button.setAttribute("aria-pressed", String(isPaused));
  parts.forEach((part) => part.schedule(isPaused ? part.wait : 0));
  say(isPaused ? "Paused." : "Live again.");
}

if (root) {
  root.classList.add("mx-js");
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-copy], button[data-pause]");
    if (button) (button.matches("[data-copy]") ? copy : pause)(button);
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.target.closest("form")?.querySelector("button[data-call]")?.click();
    }
  });
  document.addEventListener("visibilitychange", () => {
    parts.forEach((part) => (document.hidden ? part.rest() : part.schedule(0)));
  });
  start();
}
