// Behaviour that every page shares. Nothing depends on it: without it each link and form still works.
//   data-key="g l" data-key-label="Leads"   keyboard: clicks the element, or focuses it when it is a field
//   data-dialog="id"                         opens that <dialog>
//   data-confirm="what will happen"          on a form: asks before it is sent
//   data-autosubmit                          on a form: sends it when a field changes
//   data-guard                               on a form: warns before unsaved changes are left
//   data-relative                            on <time datetime>: keeps "2 h ago" true
//   data-dismiss                             removes the alert around it
//   data-print                               prints the page
//   data-focus                               takes the focus when it appears
(function () {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));

  /** An element from a tag, properties and children; text is never read as HTML. */
  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  /* ---- Relative times ---- */

  /** The same words as the server's. */
  function relative(then, now) {
    const minutes = Math.floor(Math.abs(then - now) / 60000);
    const plural = (count, unit) => `${count} ${unit}${count === 1 ? "" : "s"}`;
    let words;
    if (minutes < 1) return "now";
    if (minutes < 60) words = `${minutes} min`;
    else if (minutes < 1440) words = `${Math.floor(minutes / 60)} h`;
    else if (minutes < 43200) words = plural(Math.floor(minutes / 1440), "day");
    else if (minutes < 525600) words = plural(Math.floor(minutes / 43200), "month");
    else words = plural(Math.floor(minutes / 525600), "year");
    return then > now ? `in ${words}` : `${words} ago`;
  }

  function refreshTimes() {
    const now = Date.now();
    for (const time of all("time[data-relative]")) {
      const then = Date.parse(time.dateTime);
      if (Number.isNaN(then)) continue;
      const words = relative(then, now);
      if (time.textContent !== words) time.textContent = words;
      const due = time.closest('.due[data-state="running"], .due[data-state="at_risk"]');
      if (due && then < now) due.dataset.state = "breached";
    }
  }

  /* ---- Messages ---- */

  function complain(text) {
    const place = document.getElementById("flashes");
    const close = element("button", { className: "btn-close", type: "button" });
    close.setAttribute("aria-label", "Dismiss");
    close.setAttribute("data-dismiss", "");
    const alert = element("div", { className: "alert alert-danger" }, element("div", {}, text), close);
    alert.setAttribute("role", "alert");
    place.replaceChildren(alert);
    alert.scrollIntoView({ block: "nearest" });
  }

  /* ---- Dialogs ---- */

  function openDialog(title, ...children) {
    const dialog = element("dialog", { className: "ask" }, element("h2", { className: "ask-title", id: "ask-title" }, title), ...children);
    dialog.setAttribute("aria-labelledby", "ask-title");
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
  }

  function askBefore(form, submitter) {
    const act = (submitter && submitter.textContent.trim()) || "Continue";
    const danger = submitter && /danger/.test(submitter.className);
    const yes = element("button", { className: danger ? "btn btn-danger" : "btn btn-primary", type: "button" }, act);
    const no = element("button", { className: "btn", type: "button" }, "Cancel");
    const dialog = openDialog(`${act}?`, element("p", {}, form.dataset.confirm), element("div", { className: "ask-actions" }, no, yes));
    no.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", () => {
      dialog.close();
      form.dataset.confirmed = "yes";
      form.requestSubmit(submitter);
      delete form.dataset.confirmed;
    });
    no.focus();
  }

  /* ---- Keyboard ---- */

  const keysOff = () => localStorage.getItem("baton-keys") === "off";
  const keyed = () => all("[data-key]");
  let prefix = "";
  let prefixTimer = 0;

  function showKeys() {
    const list = element("dl", { className: "keys" });
    const seen = new Set();
    const add = (keys, label) => {
      if (seen.has(keys)) return;
      seen.add(keys);
      const shown = element("dt", {}, ...keys.split(" ").map((key) => element("kbd", {}, key)));
      list.append(element("div", {}, shown, element("dd", {}, label)));
    };
    keyed().forEach((target) => add(target.dataset.key, target.dataset.keyLabel || target.textContent.trim()));
    add("Esc", "Close a menu or dialog");
    const box = element("input", { className: "form-check-input", type: "checkbox", checked: !keysOff() });
    box.addEventListener("change", () => localStorage.setItem("baton-keys", box.checked ? "on" : "off"));
    const close = element("button", { className: "btn", type: "button" }, "Close");
    const toggle = element("label", { className: "form-check" }, box, element("span", { className: "form-check-label" }, "Use these keys"));
    const dialog = openDialog("Keyboard", list, toggle, element("div", { className: "ask-actions" }, close));
    close.addEventListener("click", () => dialog.close());
    close.focus();
  }

  function press(target) {
    if (target.matches("input, select, textarea")) {
      target.focus();
      if (target.select) target.select();
    } else {
      target.click();
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus(null, true);
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (event.target.closest("input, select, textarea, [contenteditable], dialog")) return;
    if (event.key.length !== 1 || (keysOff() && event.key !== "?")) return;
    const typed = prefix ? `${prefix} ${event.key}` : event.key;
    const targets = keyed();
    const target = targets.find((candidate) => candidate.dataset.key === typed);
    clearTimeout(prefixTimer);
    prefix = "";
    if (target) {
      event.preventDefault();
      press(target);
    } else if (targets.some((candidate) => candidate.dataset.key.startsWith(`${typed} `))) {
      prefix = typed;
      prefixTimer = setTimeout(() => (prefix = ""), 1500);
    }
  });

  /* ---- Menus ---- */

  function closeMenus(except, refocus) {
    for (const menu of all("details.menu[open]")) {
      if (menu === except) continue;
      if (refocus && menu.contains(document.activeElement)) menu.querySelector("summary").focus();
      menu.open = false;
    }
  }

  document.addEventListener("click", (event) => {
    closeMenus(event.target.closest("details.menu"));
    if (event.target.closest("[data-print]")) window.print();
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      closeMenus(null);
      if (opener.dataset.dialog === "keys") showKeys();
      else document.getElementById(opener.dataset.dialog).showModal();
    }
    const closer = event.target.closest("[data-dismiss]");
    if (closer) closer.closest(".alert").remove();
  });

  /* ---- Forms ---- */

  const state = (form) => new URLSearchParams(new FormData(form)).toString();
  const untouched = new WeakMap();
  // By attribute: a field called "method" would hide the property.
  const isPost = (form) => (form.getAttribute("method") || "").toLowerCase() === "post";

  function release(form) {
    delete form.dataset.sent;
    all("[aria-busy]", form).forEach((button) => button.removeAttribute("aria-busy"));
  }

  // Capturing, so that htmx sees only what was confirmed and is sent once.
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      const refuse = () => {
        event.preventDefault();
        event.stopImmediatePropagation();
      };
      if (form.dataset.confirm && !form.dataset.confirmed) {
        refuse();
        askBefore(form, event.submitter);
      } else if (isPost(form)) {
        if (form.dataset.sent) return refuse();
        form.dataset.sent = "yes";
        if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
      }
    },
    true,
  );

  // A page that comes back from the browser's memory may be used again.
  window.addEventListener("pageshow", (event) => event.persisted && all("form[data-sent]").forEach(release));
  document.addEventListener("htmx:finally:request", () => all("form[data-sent][hx-post]").forEach(release));

  window.addEventListener("beforeunload", (event) => {
    const changed = all("form[data-guard]").some(
      (form) => untouched.has(form) && !form.dataset.sent && state(form) !== untouched.get(form),
    );
    if (changed) event.preventDefault();
  });

  let typing = 0;
  const asked = new WeakMap();
  const autosubmit = (event, delay) => {
    const form = event.target.form;
    if (!form || !form.hasAttribute("data-autosubmit")) return;
    clearTimeout(typing);
    typing = setTimeout(() => {
      // Leaving a field reports the change that typing has already sent.
      if (asked.get(form) === state(form)) return;
      asked.set(form, state(form));
      form.requestSubmit();
    }, delay);
  };
  document.addEventListener("change", (event) => autosubmit(event, 0));
  // While typing only where htmx swaps a part: a whole new page would take the cursor away.
  document.addEventListener("input", (event) => {
    if (event.target.matches("[type=search], [type=text]") && event.target.form && event.target.form.hasAttribute("hx-get")) {
      autosubmit(event, 250);
    }
  });

  // Empty filters stay out of the address.
  document.addEventListener("formdata", (event) => {
    if (isPost(event.target)) return;
    const filled = Array.from(event.formData.entries()).filter(([, value]) => value !== "");
    for (const name of Array.from(event.formData.keys())) event.formData.delete(name);
    for (const [name, value] of filled) event.formData.append(name, value);
  });

  /* ---- htmx ---- */

  function prepare(within) {
    refreshTimes();
    all("form[data-guard]", within).forEach((form) => untouched.has(form) || untouched.set(form, state(form)));
    const first = within.querySelector("[data-focus]");
    if (first) first.focus();
  }

  document.addEventListener("htmx:after:swap", () => prepare(document.getElementById("main")));
  // Only what a person asked for is worth a message; live updates try again by themselves.
  const asksAPerson = (ctx) => Boolean(ctx && ctx.sourceEvent && ctx.sourceEvent.isTrusted);

  document.addEventListener("htmx:error", (event) => {
    if (asksAPerson(event.detail.ctx)) complain("The server did not answer. Check the connection and try again.");
  });

  // A whole page came instead of the part asked for: signed out, refused, or failed.
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx, tasks } = event.detail;
    if (!ctx.response) return;
    const type = ctx.response.headers.get("content-type") || "";
    const isStream = ctx.sourceElement.hasAttribute("hx-sse:connect");
    const main = tasks.find((task) => task.type === "main");
    const isMissing = ctx.select && main && main.fragment.childElementCount === 0;
    if (!isMissing && !(isStream && !type.includes("event-stream"))) return;
    event.preventDefault();
    if (ctx.response.status < 400) {
      if (isStream) location.reload();
      else location.assign(ctx.response.raw.url);
    } else if (asksAPerson(ctx)) {
      const page = new DOMParser().parseFromString(ctx.text, "text/html");
      const said = page.querySelector("[data-error-message]");
      complain(said ? said.dataset.errorMessage : `The server refused this (status ${ctx.response.status}).`);
    }
  });

  document.addEventListener("htmx:sse:error", (event) => event.detail.status === 401 && location.reload());

  prepare(document);
  setInterval(refreshTimes, 30000);
})();
