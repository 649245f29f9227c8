// The double as a process of its own, which other processes share: prints its url, and ends with SIGTERM.
import { eventStoreDbDouble } from './server';

void eventStoreDbDouble({ port: Number(process.argv[2] ?? 0) }).then(({ url }) => process.stdout.write(`${url}\n`));
