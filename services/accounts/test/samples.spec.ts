import { describeSamples } from '@kams/testing/samples';
import { accountsService } from '../src/accounts.module';

describeSamples(accountsService);
