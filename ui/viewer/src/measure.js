/** Lengths put into words, and lengths that are good to read. No DOM, no three.js. */

const UNITS = [
  ["km", 1000],
  ["m", 1],
  ["cm", 0.01],
  ["mm", 0.001],
];

/** @param {number} metres @param {number} digits that count @returns {string} such as `20 cm` */
export function lengthText(metres, digits = 3) {
  const [unit, size] = UNITS.find(([, size]) => metres >= Number(size) * 0.9995) ?? UNITS[3];
  const number = Number((metres / Number(size)).toPrecision(digits));
  return `${number.toLocaleString("en", { maximumFractionDigits: 3 })} ${unit}`;
}

/** All in the unit of the largest. @param {number[]} metres @returns {string} such as `1.2 × 0.8 × 2 m` */
export function sizeText(metres) {
  const largest = Math.max(...metres, 0);
  // A town of 1,280 m is easier to read than one of 1.28 km.
  const smallest = (/** @type {number} */ size) => size * (size === 1000 ? 10 : 0.9995);
  const [unit, size] = UNITS.find(([, size]) => largest >= smallest(Number(size))) ?? UNITS[3];
  const numbers = metres.map((each) => Number((each / Number(size)).toPrecision(3)).toLocaleString("en"));
  return `${numbers.join(" × ")} ${unit}`;
}

/** The largest of 1, 2, 5, 10 … that is not above `metres`. @param {number} metres */
export function roundLength(metres) {
  const power = 10 ** Math.floor(Math.log10(metres));
  const times = [5, 2, 1].find((each) => each * power <= metres * 1.0001) ?? 1;
  return times * power;
}

/** Width of a small cell of the grid: a power of ten, and some forty of them across the picture. @param {number} seen */
export function cellWidth(seen) {
  return 10 ** Math.ceil(Math.log10(seen / 40) - 0.15);
}
