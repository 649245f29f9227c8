// The profile of an account from the cells of a row.
import { columnOf, isFlaw, needed, type CellReaders, type Flaw, type Read } from './cells';
import type { ProfileMapping } from './mapping';

export type ProfileRead = (cells: readonly string[]) => Record<string, unknown> | Flaw;

export function profileReader(mapping: ProfileMapping, readers: CellReaders): ProfileRead {
  const { name, industry, foundedYear, employees, revenue, ...texts } = mapping;
  const fields: [string, Read<unknown>][] = [['name', needed(readers.text(name), columnOf(name), 'an account needs a name')]];
  for (const [field, source] of Object.entries(texts)) if (source) fields.push([field, readers.text(source)]);
  if (foundedYear) fields.push(['foundedYear', readers.whole(foundedYear)]);
  if (employees) fields.push(['employees', readers.whole(employees)]);
  if (revenue) {
    const { year, ...rules } = revenue;
    fields.push(['revenue', then(readers.money(rules), (it) => (year === undefined ? it : { ...it, year }))]);
  }
  if (industry) fields.push(['industry', then(readers.text(industry.code), (code) => ({ scheme: industry.scheme, code }))]);

  return (cells) => {
    const profile: Record<string, unknown> = {};
    for (const [field, read] of fields) {
      const value = read(cells);
      if (isFlaw(value)) return value;
      if (value !== undefined) profile[field] = value;
    }
    return profile;
  };
}

const then =
  <T, U>(read: Read<T>, turn: (it: T) => U): Read<U> =>
  (cells) => {
    const it = read(cells);
    if (it === undefined) return undefined;
    return isFlaw(it) ? it : turn(it as T);
  };

/** The column that a field of the profile comes from. */
export function profileColumn(mapping: ProfileMapping, field: PropertyKey | undefined): string | undefined {
  const rules = field === 'industry' ? mapping.industry?.code : mapping[field as Exclude<keyof ProfileMapping, 'industry'>];
  return rules && columnOf(rules);
}
