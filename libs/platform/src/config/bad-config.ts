/** The host ends with this code (EX_CONFIG of sysexits.h): starting again without a change does not help. */
export const BAD_CONFIG_EXIT_CODE = 78;

/** What is wrong with the configuration, a line each. A line names the key or the file and never holds a value. */
export class BadConfig extends Error {
  readonly exitCode = BAD_CONFIG_EXIT_CODE;

  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
  }
}
