export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}
export interface Mutant {
  readonly promise: string;
  readonly name: string;
  readonly test: string;
  /** Of its tests those with this in their name. */
  readonly named: string;
  /** A factor of the size of every test run. */
  readonly size?: string;
  /** What the red test says. */
  readonly shows: RegExp;
  readonly changes: readonly Change[];
}
export const MUTANTS: readonly Mutant[];
export function changed(text: string, change: Change): string;
