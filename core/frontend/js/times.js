// "3 minutes ago" stays true while the page is open; times follow the reader's zone when the account names none.
import { behaviour } from "./dom.js";

const locale = document.documentElement.lang || "en";
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always" });
const zone = document.querySelector('meta[name="time-zone"]')?.content;
const full = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];

function say(element) {
  const seconds = (new Date(element.dateTime) - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  element.textContent = relative.format(Math.round(seconds / size), unit);
}

behaviour("time[data-ago]", say);
setInterval(() => document.querySelectorAll("time[data-ago]").forEach(say), 60_000);

behaviour("time[data-local]", (element) => {
  if (!zone) element.textContent = full.format(new Date(element.dateTime));
});
