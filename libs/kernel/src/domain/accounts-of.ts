/** The account that a command touches: of what is there, its own; of what is new, the one that it names. Undefined: none. */
export function accountsOf(
  it: { readonly is: string; readonly accountId?: string },
  data: object,
): readonly string[] | undefined {
  const { accountId }: { readonly accountId?: string } = it.is === 'none' ? data : it;
  return accountId === undefined ? undefined : [accountId];
}
