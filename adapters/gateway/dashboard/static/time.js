// Times to come, counted down.

const ending = new WeakMap();

/** A duration as it is read. */
export function lasting(seconds) {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Count down in an element, for so many seconds from now. */
export function ends(element, seconds) {
  ending.set(element, performance.now() + seconds * 1000);
}

/** Count on; true: something has come to its end. */
export function tick() {
  let over = false;
  for (const element of document.querySelectorAll("time.left")) {
    const left = (ending.get(element) - performance.now()) / 1000;
    element.textContent = lasting(Math.max(0, left));
    over ||= left <= 0;
  }
  return over;
}
