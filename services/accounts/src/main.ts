// The service alone in its process.
import 'reflect-metadata';
import { runServices } from '@kams/platform/run/run-service';
import { accountsService } from './accounts.module';

void runServices([accountsService]);
