// The services of the installation.
import 'reflect-metadata';
import { accountsService } from '@kams/accounts';
import type { Service } from '@kams/platform';

export const services: readonly Service[] = [accountsService];
