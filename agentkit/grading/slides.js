"use strict";
const slides = [...document.querySelectorAll("section")];
let now = 0;

/** Make what is on a slide smaller until it fits, but not too small to read; then it scrolls. */
function fit(slide) {
  const box = slide.querySelector(".fit");
  for (let size = 1; ; size -= 0.05) {
    box.style.fontSize = `${size}em`;
    if (size <= 0.65 || box.scrollHeight <= box.clientHeight) break;
  }
}

/** Show a slide, and name it in the address. */
function show(place, push = true) {
  now = Math.min(Math.max(place, 0), slides.length - 1);
  slides.forEach((slide, n) => slide.classList.toggle("now", n === now));
  fit(slides[now]);
  slides[now].querySelector(".fit").scrollTop = 0;
  document.getElementById("at").textContent = `${now + 1} / ${slides.length}`;
  document.querySelector("footer i").style.width = `${(100 * (now + 1)) / slides.length}%`;
  if (push) history.replaceState(null, "", `#${now + 1}`);
}

const asked = () => (parseInt(location.hash.slice(1), 10) || 1) - 1;
const ways = {
  ArrowRight: 1, PageDown: 1, " ": 1, n: 1, ArrowLeft: -1, PageUp: -1, Backspace: -1, p: -1,
  Home: -Infinity, End: Infinity,
};

if (slides.length) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "f") {
      if (document.fullscreenElement) document.exitFullscreen();
      else document.documentElement.requestFullscreen();
    } else if (event.key in ways) {
      event.preventDefault();
      const way = event.key === " " && event.shiftKey ? -1 : ways[event.key];
      show(now + way);
    }
  });
  let from = null;
  addEventListener("touchstart", (event) => { from = event.changedTouches[0]; }, { passive: true });
  addEventListener("touchend", (event) => {
    const to = event.changedTouches[0];
    const [dx, dy] = [to.clientX - from.clientX, to.clientY - from.clientY];
    if (Math.abs(dx) > 60 && Math.abs(dx) > 2 * Math.abs(dy)) show(now + (dx < 0 ? 1 : -1));
  });
  addEventListener("resize", () => fit(slides[now]));
  addEventListener("hashchange", () => show(asked(), false));
  show(asked());
}
