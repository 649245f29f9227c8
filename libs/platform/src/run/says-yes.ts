/**
 * Whether what answers at this address says yes, within so long. Asked again and again of processes that come and go: one question
 * that nobody answers must not be the last, and an answer that nobody reads keeps its connection.
 */
export const saysYes = async (url: string, withinMs = 3_000): Promise<boolean> => {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(withinMs) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
};
