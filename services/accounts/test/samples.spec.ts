import { describeSamples } from '@kams/testing/samples';
import { accountsService } from '../src/accounts.module';

describe('P13 of accounts:', () => describeSamples(accountsService));
