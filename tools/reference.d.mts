import type { Service } from '@kams/platform';

export function servicesOf(load: (path: string) => unknown): readonly Service[];
export function reference(load: (path: string) => unknown): Record<string, string>;
export function stale(pages: Record<string, string>): string[];
