/** In the order in which they come, within each group too. */
export function groupedBy<T>(all: Iterable<T>, nameOf: (it: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const it of all) {
    const name = nameOf(it);
    const group = groups.get(name);
    if (group) group.push(it);
    else groups.set(name, [it]);
  }
  return groups;
}
