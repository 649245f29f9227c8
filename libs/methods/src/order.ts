/** Orders texts by code unit. A locale's order would change with the machine, and with it who wins a tie. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
