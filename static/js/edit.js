// The draft editor. Nothing depends on it: lines are moved by buttons, and another test comes with the next page.
(function () {
  "use strict";
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));

  /* ---- Another test, or one less ---- */

  function clear(row) {
    all("input, select", row).forEach((field) => {
      if (field.tagName === "SELECT") field.selectedIndex = 0;
      else field.value = "";
      field.classList.remove("is-invalid");
      field.removeAttribute("aria-invalid");
      field.removeAttribute("aria-describedby");
    });
    all(".test-errors", row).forEach((errors) => errors.remove());
  }

  function addRow(rows) {
    const last = all("[data-row]", rows).pop();
    const at = Number(last.dataset.row) + 1;
    const row = last.cloneNode(true);
    const renumber = (text) => text.replace(`.${last.dataset.row}.`, `.${at}.`);
    row.dataset.row = at;
    all("[name]", row).forEach((field) => {
      field.name = renumber(field.name);
      field.id = renumber(field.id);
    });
    all("[aria-label]", row).forEach((field) => {
      field.setAttribute("aria-label", field.getAttribute("aria-label").replace(/\d+$/, at + 1));
    });
    row.querySelector(".test-and").textContent = "and";
    clear(row);
    last.after(row);
    row.querySelector("select, input").focus();
  }

  const bare = ["is_known", "is_blank"];
  /** A test that compares with nothing shows no field for a value; a field with known values suggests them. */
  function fit(row) {
    const op = row.querySelector('[name$=".op"]');
    const value = row.querySelector(".test-value input");
    const field = row.querySelector('select[name$=".field"]');
    value.hidden = bare.includes(op.value);
    if (!field) return;
    const list = `values-${field.value}`;
    if (document.getElementById(list)) value.setAttribute("list", list);
    else value.removeAttribute("list");
  }

  document.addEventListener("click", (event) => {
    const more = event.target.closest("[data-more]");
    if (more) {
      event.preventDefault();
      addRow(more.closest("[data-rows]"));
    }
    const clearing = event.target.closest("[data-clear]");
    if (clearing) {
      const row = clearing.closest("[data-row]");
      clear(row);
      fit(row);
      row.querySelector("select, input").focus();
    }
  });
  document.addEventListener("change", (event) => {
    const row = event.target.closest("[data-row]");
    if (row) fit(row);
  });
  all("[data-row]").forEach(fit);

  /* ---- What minutes are in words, as the document says them ---- */

  function read(field) {
    const said = field.value.trim();
    const minutes = Number(said);
    const output = field.closest(".minutes").querySelector("output");
    const count = (number, unit) => `${number} business ${unit}${number === 1 ? "" : "s"}`;
    if (!/^\d+$/.test(said)) output.textContent = "business minutes";
    else output.textContent = minutes >= 60 && minutes % 60 === 0 ? count(minutes / 60, "hour") : count(minutes, "minute");
  }
  document.addEventListener("input", (event) => {
    if (event.target.hasAttribute("data-minutes")) read(event.target);
  });

  /* ---- Lines in another order ---- */

  if (window.Sortable) {
    for (const list of all("[data-sort]")) {
      window.Sortable.create(list, {
        handle: ".draft-grip",
        animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
        ghostClass: "draft-ghost",
        onEnd(event) {
          if (event.oldIndex === event.newIndex) return;
          const form = document.getElementById(list.dataset.sort);
          const fields = all(":scope > [data-key-of]", list).map((line) => {
            const field = document.createElement("input");
            Object.assign(field, { type: "hidden", name: "key", value: line.dataset.keyOf });
            return field;
          });
          form.replaceChildren(...fields);
          form.requestSubmit();
        },
      });
    }
  }
})();
