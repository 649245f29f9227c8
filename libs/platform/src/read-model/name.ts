export const quote = (name: string): string => {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new RangeError(`${name} is no name for a table or a column`);
  return `"${name}"`;
};
