import { account } from '../src/domain/account';
import { hierarchy } from '../src/domain/hierarchy';
import { found, given } from '@kams/testing/given';

const [a, b, c] = ['a', 'b', 'c'].map((it) => `00000000-0000-7000-8000-00000000000${it}`) as [string, string, string];
const registered = (accountId: string) => ({
  type: 'AccountRegistered' as const,
  data: { accountId, name: accountId, externalIds: [] },
});
const there = (child: string, parent: string) => ({
  child: found(account, child, registered(child)),
  parent: found(account, parent, registered(parent)),
});
const linked = (accountId: string, parentId: string, validFrom = '2020-01-01', validTo: string | null = null) => ({
  type: 'AccountHierarchyLinked' as const,
  data: { accountId, parentId, linkType: 'subsidiary' as const, validFrom, validTo },
});
const link = (accountId: string, parentId: string, validFrom = '2020-01-01') => ({
  accountId,
  parentId,
  linkType: 'subsidiary' as const,
  validFrom,
});
const with_ = given(hierarchy);

test('an account is put under a parent from a day on', () =>
  with_().knowing(there(a, b)).when('Link', link(a, b)).then(linked(a, b)));

test('the same link again changes nothing', () => with_(linked(a, b)).knowing(there(a, b)).when('Link', link(a, b)).then());

test('an account that is not registered can not be linked', () =>
  with_()
    .knowing({ ...there(a, b), parent: found(account, b) })
    .when('Link', link(a, b))
    .refused('unknown-account', { accountId: b }));

test('no account stands above itself, not even by way of others', () =>
  with_(linked(b, a), linked(c, b))
    .knowing(there(a, c))
    .when('Link', link(a, c))
    .refused('hierarchy-cycle', { path: [a, c, b, a] }));

test('an account is not its own parent', () => with_().knowing(there(a, a)).when('Link', link(a, a)).refused('hierarchy-cycle'));

test('links that never hold on the same day make no circle', () =>
  with_(linked(b, a, '2020-01-01', '2021-01-01'))
    .knowing(there(a, b))
    .when('Link', link(a, b, '2021-01-01'))
    .then(linked(a, b, '2021-01-01')));

test('a circle on a single day of the past is a circle', () =>
  with_(linked(b, a, '2020-01-01', '2021-01-01'))
    .knowing(there(a, b))
    .when('Link', link(a, b, '2020-12-31'))
    .refused('hierarchy-cycle'));

test('another parent ends the link that holds on that day', () =>
  with_(linked(a, b))
    .knowing(there(a, c))
    .when('Link', link(a, c, '2022-06-01'))
    .then(
      {
        type: 'AccountHierarchyUnlinked',
        data: { accountId: a, parentId: b, linkType: 'subsidiary', validFrom: '2020-01-01', validTo: '2022-06-01' },
      },
      linked(a, c, '2022-06-01'),
    ));

test('a link recorded late ends where the next one begins', () =>
  with_(linked(a, b, '2022-06-01'))
    .knowing(there(a, c))
    .when('Link', link(a, c, '2019-01-01'))
    .then(linked(a, c, '2019-01-01', '2022-06-01')));

test('a link is ended on a day', () =>
  with_(linked(a, b))
    .when('Unlink', { accountId: a, validTo: '2023-01-01', reason: 'Sold' })
    .then({
      type: 'AccountHierarchyUnlinked',
      data: { accountId: a, parentId: b, linkType: 'subsidiary', validFrom: '2020-01-01', validTo: '2023-01-01', reason: 'Sold' },
    }));

test('what is not linked can not be unlinked', () =>
  with_().when('Unlink', { accountId: a, validTo: '2023-01-01' }).refused('not-linked'));
