/** What `work` brings; `late` is thrown when that takes longer. */
export async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  work.catch(ignore); // it may fail later, when nobody waits any more
  let timer: NodeJS.Timeout | undefined;
  const lateness = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(late()), ms)));
  try {
    return await Promise.race([work, lateness]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether `work` is done within `ms`. */
export const isWithin = (ms: number, work: Promise<unknown>): Promise<boolean> =>
  within(
    ms,
    work.then(() => true),
    () => new Error(),
  ).catch(() => false);

const ignore = () => undefined;
