// Versioned policies: Draft -> Published(v) -> Retired. A published version never changes, so old decisions stay explicable.

/** `T` is the content: a scoring model, a tier ladder, an SLA policy, a calendar, point rules. */
export type PolicyState<T> =
  { readonly is: 'none' } | { readonly is: 'policy'; readonly draft?: T; readonly versions: readonly PolicyVersion<T>[] };

export type PolicyVersion<T> = {
  /** 1, 2, 3, ... */
  readonly version: number;
  readonly content: T;
  /** RFC 3339 instants. */
  readonly publishedAt: string;
  readonly retiredAt?: string;
};

export const noPolicy = { is: 'none' } as const;

/** The newest published version, retired or not: the next one is its number + 1. */
export const latest = <T>(state: PolicyState<T>): PolicyVersion<T> | undefined => versions(state).at(-1);

/** Version `n`, retired or not: a decision that names it can always be explained. */
export const version = <T>(state: PolicyState<T>, n: number): PolicyVersion<T> | undefined =>
  versions(state).find((it) => it.version === n);

/**
 * The version to decide by at an instant: the newest one published by then, from its publication on and until its retirement.
 * A retired version does not bring back the one it had replaced: without a newer one, no policy is in force.
 */
export function inForce<T>(state: PolicyState<T>, at: string): PolicyVersion<T> | undefined {
  const newest = versions(state).findLast(({ publishedAt }) => reached(publishedAt, at));
  return newest?.retiredAt !== undefined && reached(newest.retiredAt, at) ? undefined : newest;
}

/** The state after a draft was written; it replaces an older draft and leaves every published version alone. */
export const drafted = <T>(state: PolicyState<T>, draft: T): PolicyState<T> => ({
  is: 'policy',
  draft,
  versions: versions(state),
});

/** The state after the draft became the next version. Total, as `evolve` must be: without a draft nothing changes. */
export function published<T>(state: PolicyState<T>, publishedAt: string): PolicyState<T> {
  if (state.is === 'none' || state.draft === undefined) return state;
  const next = { version: (latest(state)?.version ?? 0) + 1, content: state.draft, publishedAt };
  return { is: 'policy', versions: [...state.versions, next] };
}

/** The state after version `n` was retired; the first retirement counts. */
export const retired = <T>(state: PolicyState<T>, n: number, retiredAt: string): PolicyState<T> =>
  state.is === 'none'
    ? state
    : { ...state, versions: state.versions.map((it) => (it.version === n ? { retiredAt, ...it } : it)) };

const versions = <T>(state: PolicyState<T>): readonly PolicyVersion<T>[] => (state.is === 'none' ? [] : state.versions);

const reached = (instant: string, at: string): boolean => Date.parse(instant) <= Date.parse(at);
