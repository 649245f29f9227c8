export function reference(load: (path: string) => unknown): Record<string, string>;
export function stale(pages: Record<string, string>): string[];
