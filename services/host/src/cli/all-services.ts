import type { Service } from '@kams/platform';

/** Loaded when they are asked for: whole, which would cost each command a second. */
export async function allServices(): Promise<readonly Service[]> {
  // By its alias: a relative one would have to name a .js file, which Jest has not.
  // eslint-disable-next-line @nx/enforce-module-boundaries
  return (await import('@kams/host/services')).services;
}
