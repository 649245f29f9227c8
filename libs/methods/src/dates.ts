// Instants and local dates, strictly. Instants are stored in UTC; a local date means something only in a named zone.
import { IANAZone } from 'luxon';
import { MethodRefused } from './refusal';

/** `2026-02-14T09:30:00.000Z`: UTC, milliseconds, years 0001 to 9999, so that text order is time order. */
export type Instant = string;
/** `2026-02-14` */
export type LocalDate = string;
/** `2026-02-14T17:30`, with seconds and milliseconds if any. */
export type LocalDateTime = string;

export const DAY_MS = 86_400_000;
const INSTANT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;
const LOCAL = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d(?:\.\d{1,3})?))?)?$/;

/**
 * Reads an RFC 3339 instant and gives it back in canonical form; undefined for everything else: no zone, 30 February, hour 24,
 * second 60, years 0 and 10000, lower-case t or z. Digits beyond the millisecond are cut off.
 */
export function instant(text: string): Instant | undefined {
  const [, local, fraction = '', sign, hours, minutes] = INSTANT.exec(text) ?? [];
  const ms = local === undefined ? undefined : asIfUtc(local + fraction.slice(0, 4));
  if (ms === undefined) return undefined;
  const offset = sign === undefined ? 0 : Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  return canonical(ms - offset);
}

/** The same text if it is a day of the calendar between 0001-01-01 and 9999-12-31, else undefined. */
export const localDate = (text: string): LocalDate | undefined =>
  /^\d{4}-\d\d-\d\d$/.test(text) && asIfUtc(text) !== undefined ? text : undefined;

/**
 * The instant of a local time in a zone; of a date, its start. A time that the clocks skip is moved forward by what they skip
 * (02:30 -> 03:30); of a time that they show twice it is the earlier one.
 *
 * Not luxon's own conversion: for a time that occurs twice it guesses from today's offset, so its answer changes with the season.
 *
 * @param zone IANA name, such as Asia/Shanghai; of the policy's calendar, never of the user or the server
 * @throws MethodRefused `not-a-local-date`, `unknown-zone`, `outside-years-1-to-9999`
 */
export function instantAt(local: LocalDate | LocalDateTime, zone: string): Instant {
  const [, date, time = '00:00', seconds = '00'] = LOCAL.exec(local) ?? [];
  const ms = date === undefined ? undefined : asIfUtc(`${date}T${time}:${seconds}`);
  if (ms === undefined) throw new MethodRefused('not-a-local-date', 'Give a day such as 2026-02-14, or 2026-02-14T17:30.');
  return instantOf(toUtc(ms, zone));
}

/**
 * The end of a day in a zone, exclusive: the first instant that is no longer that day. What expires with the day is valid before it.
 * @throws MethodRefused `not-a-local-date`, `unknown-zone`, `outside-years-1-to-9999`
 */
export function endOfDay(date: LocalDate, zone: string): Instant {
  if (localDate(date) === undefined) throw new MethodRefused('not-a-local-date', 'Give a day such as 2026-02-14.');
  return instantOf(toUtc(Date.parse(date) + DAY_MS, zone));
}

/**
 * The calendar day of an instant in a zone.
 * @throws MethodRefused `not-an-instant`, `unknown-zone`, `outside-years-1-to-9999`
 */
export function localDateOf(at: Instant, zone: string): LocalDate {
  const ms = msOf(at);
  return instantOf(ms + offsetMs(zoneNamed(zone), ms)).slice(0, 10);
}

/**
 * Days on the calendar of a zone from one instant to another: 0 on the same day, 1 from 23:59 to 00:01, negative backwards.
 * @throws MethodRefused `not-an-instant`, `unknown-zone`, `outside-years-1-to-9999`
 */
export const daysBetween = (a: Instant, b: Instant, zone: string): number =>
  (Date.parse(localDateOf(b, zone)) - Date.parse(localDateOf(a, zone))) / DAY_MS;

/**
 * Milliseconds since 1970.
 * @throws MethodRefused `not-an-instant`
 */
export function msOf(at: Instant): number {
  const utc = instant(at);
  if (utc === undefined)
    throw new MethodRefused('not-an-instant', 'Give an instant with its zone, such as 2026-02-14T09:30:00Z.');
  return Date.parse(utc);
}

/** Milliseconds of a local text read as UTC; undefined where `Date` would roll over or the year is 0. */
function asIfUtc(local: string): number | undefined {
  const ms = Date.parse(local.includes('T') ? `${local}Z` : local);
  return canonical(ms)?.startsWith(local.slice(0, 19)) ? ms : undefined;
}

function canonical(ms: number): Instant | undefined {
  const text = Number.isNaN(ms) ? '' : new Date(ms).toISOString();
  return /^\d{4}-/.test(text) && !text.startsWith('0000') ? text : undefined;
}

/**
 * The instant of milliseconds since 1970.
 * @throws MethodRefused `outside-years-1-to-9999`
 */
export function instantOf(ms: number): Instant {
  const text = canonical(ms);
  if (text === undefined) throw new MethodRefused('outside-years-1-to-9999', 'Give a time between the years 1 and 9999.');
  return text;
}

/** The offsets a day before and a day after frame every change of the clocks: no zone is further than 14 hours from UTC. */
function toUtc(localMs: number, name: string): number {
  const zone = zoneNamed(name);
  const [before, after] = [offsetMs(zone, localMs - DAY_MS), offsetMs(zone, localMs + DAY_MS)];
  if (offsetMs(zone, localMs - before) === before) return localMs - before;
  return offsetMs(zone, localMs - after) === after ? localMs - after : localMs - before;
}

/** By how much the clocks of a zone are ahead of UTC. */
export const offsetMs = (zone: IANAZone, ms: number): number => Math.round(zone.offset(ms) * 60_000);

// To ask whether a name is a zone costs 90 us, three times the conversion itself (measured). Only zones are remembered.
const zones = new Map<string, IANAZone>();

/** @throws MethodRefused `unknown-zone` */
export function zoneNamed(name: string): IANAZone {
  const known = zones.get(name);
  if (known) return known;
  if (!/^[A-Za-z]/.test(name) || !IANAZone.isValidZone(name)) {
    throw new MethodRefused('unknown-zone', 'Name a zone of the IANA database, such as Asia/Shanghai.');
  }
  const zone = new IANAZone(name);
  zones.set(name, zone);
  return zone;
}
