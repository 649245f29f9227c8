// kams routes: what the host answers, from its own OpenAPI document.
import type { HostClient } from './host-client';
import type { Terminal } from './terminal';

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly summary?: string }>>>>;
}

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
}

const METHODS = new Set(['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'trace']);

/** Every word must occur in the method, the path or the summary. */
export function routesOf({ paths }: OpenApi, words: readonly string[]): Route[] {
  const wanted = words.map((it) => it.toLowerCase());
  return Object.entries(paths)
    .flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([method]) => METHODS.has(method))
        .map(([method, { summary = '' }]) => ({ method: method.toUpperCase(), path, summary })),
    )
    .filter((it) => wanted.every((word) => `${it.method} ${it.path} ${it.summary}`.toLowerCase().includes(word)));
}

export async function showRoutes(terminal: Terminal, host: HostClient, words: readonly string[]): Promise<void> {
  const routes = routesOf(await host.get<OpenApi>('/openapi.json'), words);
  if (terminal.json) return terminal.print(JSON.stringify(routes));
  terminal.table(routes.map(({ method, path, summary }) => [method, path, summary]));
  terminal.note(`${routes.length} routes; ${host.url}/docs shows their bodies and answers`);
}
