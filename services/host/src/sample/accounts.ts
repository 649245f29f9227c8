// Who the accounts are: five groups, twelve companies with Chinese names and twelve with Latin ones. None of them exists: 子虚 and
// 乌有 are the two who are not there in a poem of the second century before Christ, 镜花水月 and 海市 are flowers in a mirror, the
// moon in the water and a mirage; the others are places of Gulliver's travels. The credit codes are well formed, of a region that
// has no number, and the websites are in a domain that is kept for examples.
import type { Profile } from '@kams/contracts/accounts/account';
import { accountId, HIERARCHY_ID, onAccount, onHierarchy, type Act, type Role } from './act';
import { at, daysAfter } from './calendar';
import { rows } from './columns';

const companies = rows(
  'key | no | name | legalName | nameZh | industry | sector | country | founded | employees | credit code | kam',
  `
  zixu           | 70001 | 子虚集团股份有限公司       |                               |                | L7211 | 综合     | 中国           | 1994 | 18200 | 91000000KAM0000103 | 1
  zixu-parts     | 70002 | 子虚汽车零部件有限公司     |                               |                | C3670 | 汽车     | 中国           | 1998 | 3400  | 91000000KAM0000290 | 1
  zixu-battery   | 70003 | 子虚动力电池有限公司       |                               |                | C3841 | 电池     | 中国           | 2011 | 2400  | 91000000KAM000037T | 1
  zixu-cars      | 70004 | 子虚新能源汽车股份有限公司 |                               |                | C3612 | 汽车     | 中国           | 2014 | 5900  | 91000000KAM000045M | 1
  zixu-freight   | 70005 | 子虚物流有限公司           |                               |                | G5431 | 物流     | 中国           | 2003 | 1250  | 91000000KAM000053G | 1
  wuyou          | 70006 | 乌有能源集团股份有限公司   |                               |                | L7211 | 能源     | 中国           | 1989 | 9600  | 91000000KAM000061B | 2
  wuyou-wind     | 70007 | 乌有风电设备股份有限公司   |                               |                | C3415 | 能源装备 | 中国           | 2006 | 2100  | 91000000KAM00007X3 | 2
  wuyou-solar    | 70008 | 乌有光伏有限公司           |                               |                | C3825 | 能源装备 | 中国           | 2009 | 1700  | 91000000KAM0000883 | 2
  wuyou-power    | 70009 | 乌有风力发电有限公司       |                               |                | D4415 | 能源     | 中国           | 2012 | 380   | 91000000KAM000096X | 2
  jinghua        | 70010 | 镜花集成电路有限公司       |                               |                | C3973 | 电子     | 中国           | 2015 | 820   | 91000000KAM000109K | 2
  shuiyue        | 70011 | 水月电子电路有限公司       |                               |                | C3982 | 电子     | 中国           | 2010 | 1150  | 91000000KAM000117E | 1
  haishi         | 70012 | 海市精密机械有限公司       |                               |                | C3421 | 机床     | 中国           | 2008 | 460   | 91000000KAM0001259 | 2
  balnibarbi     | 70013 | Balnibarbi Holding         | Balnibarbi Holding AG         | 巴尔尼巴比控股 | 6420  | holding  | Germany        | 1926 | 11300 |                    | 3
  lagado         | 70014 | Lagado Turbines            | Lagado Turbinen GmbH          | 拉格多涡轮机   | 2811  | energy equipment | Germany | 1951 | 2900  |                    | 3
  lindalino      | 70015 | Lindalino Metals           | Lindalino Metallwerke GmbH    | 林达里诺金属   | 2420  | metals   | Austria        | 1963 | 740   |                    | 3
  brobdingnag    | 70016 | Brobdingnag Industries     | Brobdingnag Industries plc    | 大人国工业     | 6420  | holding  | United Kingdom | 1907 | 15400 |                    | 3
  brob-steel     | 70017 | Brobdingnag Steel          | Brobdingnag Steel Ltd         | 大人国钢铁     | 2410  | steel    | United Kingdom | 1932 | 4200  |                    | 3
  flanflasnic    | 70018 | Flanflasnic Rolling Mill   | Brobdingnag Steel Ltd, Flanflasnic | 弗兰弗拉斯尼克轧钢厂 | 2410 | steel | United Kingdom | 1958 | 900 |           | 3
  lorbrulgrud    | 70019 | Lorbrulgrud Cement         | Lorbrulgrud Cement Ltd        | 洛布鲁尔格鲁水泥 | 2394 | building materials | United Kingdom | 1948 | 610 |            | 3
  glumdalclitch  | 70020 | Glumdalclitch Dairies      | Glumdalclitch Dairies Ltd     | 格朗达克利奇乳业 | 1050 | food     | Ireland        | 1971 | 530   |                    | 3
  luggnagg       | 70021 | Luggnagg Group             | Luggnagg Group N.V.           | 拉格奈格集团   | 6420  | holding  | Netherlands    | 1919 | 8800  |                    | 2
  traldragdubh   | 70022 | Traldragdubh Paper         | Traldragdubh Papier B.V.      | 特拉德拉格杜布纸业 | 1701 | paper | Netherlands    | 1937 | 420   |                    | 2
  glubbdubdrib   | 70023 | Glubbdubdrib Pharma        | Glubbdubdrib Pharma B.V.      | 格拉布杜德里布制药 | 2100 | pharmaceuticals | Netherlands | 1988 | 1300 |          | 2
  maldonada      | 70024 | Maldonada Shipping         | Maldonada Shipping S.A.       | 马尔多纳达航运 | 5012  | logistics | Spain         | 1959 | 350   |                    | 2
`,
);

export type Account = (typeof companies)[number];
export const ACCOUNTS: readonly Account[] = companies;

const links = rows(
  'child | parent | kind | valid from',
  `
  zixu-parts    | zixu        | subsidiary | 1998-05-01
  zixu-battery  | zixu        | subsidiary | 2011-09-01
  zixu-cars     | zixu        | subsidiary | 2014-03-01
  zixu-freight  | zixu-parts  | division   | 2017-01-01
  wuyou-wind    | wuyou       | subsidiary | 2006-07-01
  wuyou-solar   | wuyou       | subsidiary | 2009-04-01
  wuyou-power   | wuyou-wind  | subsidiary | 2012-10-01
  lagado        | balnibarbi  | subsidiary | 1990-01-01
  lindalino     | balnibarbi  | subsidiary | 2002-01-01
  jinghua       | balnibarbi  | subsidiary | 2015-06-01
  shuiyue       | balnibarbi  | subsidiary | 2013-01-01
  haishi        | lagado      | subsidiary | 2008-11-01
  brob-steel    | brobdingnag | subsidiary | 1932-01-01
  flanflasnic   | brob-steel  | branch     | 1958-01-01
  lorbrulgrud   | brobdingnag | subsidiary | 1999-04-01
  glumdalclitch | brobdingnag | subsidiary | 2010-02-01
  traldragdubh  | luggnagg    | subsidiary | 1937-01-01
  glubbdubdrib  | luggnagg    | subsidiary | 1996-07-01
  maldonada     | luggnagg    | division   | 2004-01-01
`,
);

/** 水月 is sold to another group in mid-year; we are told of it two weeks later. */
export const SOLD = { child: 'shuiyue', to: 'zixu', workday: 130, toldOn: 140 } as const;

/** What was known too late: it had been so for so many days already. */
export const CORRECTIONS: readonly {
  readonly key: string;
  readonly workday: number;
  readonly daysBack: number;
  readonly set: Profile;
  readonly source: string;
}[] = [
  { key: 'zixu-battery', workday: 70, daysBack: 180, set: { employees: 3100 }, source: 'annual report' },
  { key: 'brobdingnag', workday: 95, daysBack: 120, set: { employees: 14100 }, source: 'half-year report' },
  { key: 'wuyou-power', workday: 110, daysBack: 400, set: { sector: '新能源' }, source: 'trade register' },
  {
    key: 'lagado',
    workday: 120,
    daysBack: 30,
    set: { name: 'Lagado Energy', legalName: 'Lagado Energy GmbH', nameZh: '拉格多能源' },
    source: 'trade register',
  },
  { key: 'jinghua', workday: 160, daysBack: 90, set: { employees: 980 }, source: 'visit' },
  { key: 'jinghua', workday: 185, daysBack: 300, set: { employees: 900 }, source: 'annual report' },
  { key: 'luggnagg', workday: 205, daysBack: 10, set: { website: 'https://group.luggnagg.example' }, source: 'web' },
];

export const kamOf = ({ kam }: Account): Role => `sample-kam-${kam as '1' | '2' | '3'}`;

const profileOf = (it: Account): Profile & { name: string } => ({
  name: it.name,
  ...(it.legalName && { legalName: it.legalName }),
  ...(it.nameZh && { nameZh: it.nameZh }),
  ...(it['credit code'] && { unifiedSocialCreditCode: it['credit code'] }),
  industry: { scheme: it['credit code'] ? 'GB/T 4754' : 'ISIC', code: it.industry },
  sector: it.sector,
  country: it.country,
  foundedYear: Number(it.founded),
  employees: Number(it.employees),
  website: `https://${it.key}.example`,
});

export const erpId = ({ no }: Account) => ({ system: 'erp', type: 'customer', value: no });

export function accountActs(days: readonly string[]): readonly Act[] {
  const registered = ACCOUNTS.map((it) =>
    onAccount('Register', accountId(it.key), kamOf(it), at(days[5], '09:00'), {
      profile: profileOf(it),
      externalIds: [erpId(it)],
      ownerId: kamOf(it),
      source: 'erp',
    }),
  );
  const inCrm = ACCOUNTS.map((it) =>
    onAccount('AssignExternalId', accountId(it.key), 'sample-masterdata-1', at(days[6], '11:00'), {
      system: 'crm',
      type: 'account',
      value: `A-${it.no}`,
    }),
  );
  const corrected = CORRECTIONS.map(({ key, workday, daysBack, set, source }) =>
    onAccount('UpdateProfile', accountId(key), 'sample-masterdata-1', at(days[workday], '14:00'), {
      set,
      validFrom: daysAfter(days[workday]!, -daysBack),
      source,
    }),
  );
  return [...registered, ...inCrm, ...corrected];
}

export function hierarchyActs(days: readonly string[]): readonly Act[] {
  const link = (day: number, child: string, parent: string, linkType: string, validFrom: string) =>
    onHierarchy('Link', HIERARCHY_ID, 'sample-masterdata-1', at(days[day], '15:00'), {
      accountId: accountId(child),
      parentId: accountId(parent),
      linkType: linkType as 'subsidiary' | 'branch' | 'division',
      validFrom,
    });
  return [
    ...links.map((it) => link(10, it.child, it.parent, it.kind, it['valid from'])),
    link(SOLD.toldOn, SOLD.child, SOLD.to, 'subsidiary', days[SOLD.workday]!),
  ];
}
