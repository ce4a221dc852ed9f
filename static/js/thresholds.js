// The thresholds over the plane: the lines follow the sliders and the pointer, and the counts follow the lines.
// Counted as the server counts (handoffs::thresholds). Without this, "Show counts" does the same.
(function () {
  "use strict";
  const page = document.querySelector("[data-thresholds]");
  if (!page) return;
  const plane = page.querySelector(".plane");
  const [interestLine, fitLine] = plane.querySelectorAll(".plane-cut");
  const hot = plane.querySelector(".plane-hot");
  const notes = plane.querySelectorAll(".plane-note");
  const dots = Array.from(plane.querySelectorAll(".plane-dot"));
  const fit = page.querySelector("[name=fit_good]");
  const interest = page.querySelector("[name=interest_high]");
  const routes = page.dataset.routes.split(" ");
  const middle = Number(page.dataset.middle);
  const keys = ["high_interest_good_fit", "high_interest_low_fit", "low_interest_good_fit", "low_interest_bad_fit"];
  const leads = page.dataset.thresholds
    .split(";")
    .filter(Boolean)
    .map((text) => text.split(" "))
    .map(([points, heat, offer]) => ({ fit: Number(points), interest: Number(heat), offer }));

  const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
  const place = (points) => clamp(50 + 10 * Math.log2(points / middle), 0, 100);
  const quarter = (isHot, isGood) => (isHot ? (isGood ? 0 : 1) : isGood ? 2 : 3);
  const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");

  function show() {
    const good = Number(fit.value);
    const high = Number(interest.value);
    const counts = [0, 0, 0, 0];
    let offered = 0;
    for (const lead of leads) {
      const at = quarter(lead.interest > high, lead.fit >= good);
      counts[at] += 1;
      const byCategory = lead.offer !== "n" && routes[at] === "hand_off";
      if (byCategory || lead.offer === "a" || (lead.offer === "g" && lead.fit >= good)) offered += 1;
    }
    const x = place(high);
    const y = 100 - good;
    for (const end of ["x1", "x2"]) interestLine.setAttribute(end, x);
    for (const end of ["y1", "y2"]) fitLine.setAttribute(end, y);
    hot.setAttribute("x", x);
    hot.setAttribute("width", 100 - x);
    hot.setAttribute("height", y);
    for (const dot of dots) {
      const isGood = Math.floor(100 - dot.cy.baseVal.value) >= good;
      dot.setAttribute("class", `plane-dot plane-dot-${keys[quarter(dot.cx.baseVal.value > x, isGood)]}`);
    }
    counts.forEach((count, at) => {
      notes[at].textContent = grouped(count);
      page.querySelector(`[data-count="${at}"]`).textContent = grouped(count);
    });
    page.querySelector('[data-count="offered"]').textContent = grouped(offered);
    page.querySelector('[data-shows="fit_good"]').textContent = fit.value;
    page.querySelector('[data-shows="interest_high"]').textContent = interest.value;
  }

  /** The address follows, so that it can be sent to a colleague. */
  function remember() {
    const query = new URLSearchParams({ fit_good: fit.value, interest_high: interest.value });
    history.replaceState(history.state, "", `?${query}`);
  }

  /** Where the pointer is, on the axes of the plane. */
  function at(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(plane.getScreenCTM().inverse());
    return { x: clamp(point.x, 0, 100), y: clamp(100 - point.y, 0, 100) };
  }

  let held = null;
  plane.addEventListener("pointerdown", (event) => {
    const { x, y } = at(event);
    const toInterest = Math.abs(x - place(Number(interest.value)));
    const toFit = Math.abs(y - Number(fit.value));
    if (Math.min(toInterest, toFit) > 4) return;
    held = toInterest <= toFit ? interest : fit;
    plane.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  plane.addEventListener("pointermove", (event) => {
    if (!held) return;
    const { x, y } = at(event);
    held.value = held === fit ? Math.round(y) : middle * 2 ** ((x - 50) / 10);
    show();
  });
  function release() {
    if (held) remember();
    held = null;
  }
  plane.addEventListener("pointerup", release);
  plane.addEventListener("pointercancel", release);
  for (const slider of [fit, interest]) {
    slider.addEventListener("input", show);
    slider.addEventListener("change", remember);
  }
  page.classList.add("is-live");
  show();
})();
