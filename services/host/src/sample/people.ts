// People who do not exist, for the import to be tried with: 500 of them, or as many as one likes. Mail goes to a domain that is
// kept for examples, and no phone rings: 555-0100 to 0199 is kept for fiction in North America, 07700 900000 to 900999 in Britain,
// and no number of China begins with 12 behind the country code.
import { nthChance, upTo } from './chance';
import { rows } from './columns';

/** As the other system names it, with its country where that is known. */
export interface Employer {
  readonly key: string;
  readonly country?: string;
}

export const CONTACT_COLUMNS = [
  'contact_id',
  'account',
  'name',
  'email',
  'phone',
  'job_title',
  'birthday',
  'interests',
  'notes',
] as const;
export type ContactRecord = Readonly<Record<(typeof CONTACT_COLUMNS)[number], string>>;

const words = (list: string): readonly string[] => list.trim().split(/\s+/);
const lines = (list: string): readonly string[] => list.trim().split(/\s*\n\s*/);

const surnames = rows(
  'zh | latin',
  `王|wang
  李|li
  张|zhang
  刘|liu
  陈|chen
  杨|yang
  黄|huang
  赵|zhao
  吴|wu
  周|zhou
  徐|xu
  孙|sun
  马|ma
  朱|zhu
  胡|hu
  郭|guo
  何|he
  林|lin
  罗|luo
  郑|zheng
  欧阳|ouyang`,
);
const givenNames = rows(
  'zh | latin',
  `伟|wei
  芳|fang
  娜|na
  敏|min
  静|jing
  强|qiang
  磊|lei
  洋|yang
  艳|yan
  勇|yong
  杰|jie
  娟|juan
  涛|tao
  明|ming
  超|chao
  秀|xiu
  霞|xia
  平|ping
  刚|gang
  桂|gui
  文|wen
  志|zhi
  建|jian
  晓|xiao
  海|hai
  玉|yu`,
);
const firstNames = words(`
  Anna Brian Carla Daniel Elena Franco Grace Hugo Ines José Kaito Laura Miguel Nadia Oscar Priya Quentin Renée Sofía Tomáš Uma
  Viktor Wanda Yusuf Zoë Amara Björn Chloé Dmitri Emily Felix Greta`);
const familyNames = words(`
  Adler Baptiste Carter Dvořák Ellis Fournier Grant Hansen Ibrahim Jansen Kowalski Lehmann Moreau Novák O’Brien Peters Quist Rossi
  Schäfer Tanaka Usman Varga Walker Young Zimmermann Almeida Bennett Castillo Diaz Eriksson`);

const titles = {
  zh: words('采购经理 采购总监 财务总监 设备部经理 生产副总经理 技术部工程师 信息部主管 质量经理 总经理助理 仓储主管'),
  latin: lines(`
    Head of purchasing
    Buyer
    Chief financial officer
    Plant manager
    IT manager
    Quality manager
    Operations director
    Assistant to the board
    Maintenance engineer
    Managing director`),
};
const pastimes = {
  zh: words('书法 登山 太极拳 京剧 乒乓球 摄影 围棋 钓鱼'),
  latin: lines(`
    sailing
    jazz
    mountain biking
    chess
    gardening
    photography
    football
    Baroque music`),
};
const remarks = {
  zh: lines(`
    只在上午接电话
    孩子今年高考
    喜欢先看书面方案`),
  latin: lines(`
    Prefers to be called after 4 pm
    Has two children, travels little in the holidays
    Said: "figures first, then slides"`),
};

const AREAS = words('202 206 212 303 312 415 512 617 702 713 808 901 916');
const BORN = { from: 1958, years: 40 };
/** Of a hundred persons. */
const SHARE = { chinese: 40, email: 92, phone: 88, birthday: 35, interests: 40, notes: 12 };

/** The nth person depends on the seed and on the persons before it only: 500 are the first 500 of 1,000. */
export function* peopleOf(employers: readonly Employer[], count: number, seed: number): Generator<ContactRecord> {
  const addresses = new Map<string, number>();
  const own = (address: string): string => {
    const times = (addresses.get(address) ?? 0) + 1;
    addresses.set(address, times);
    return times === 1 ? address : address.replace('@', `${times}@`);
  };
  for (let nth = 0; nth < count; nth++) {
    const random = nthChance(seed, nth);
    const oneOf = <T>(list: readonly T[]): T => list[upTo(random, list.length) - 1]!;
    const happens = (share: number): boolean => upTo(random, 100) <= share;

    // Each has one before any has two.
    const at = nth < employers.length ? nth : upTo(random, employers.length) - 1;
    const { key, country = '' } = employers[at]!;
    const tongue = /^(China|中国)$/.test(country) || happens(SHARE.chinese) ? 'zh' : 'latin';
    const { name, mailbox } = tongue === 'zh' ? chineseName(oneOf, happens) : latinName(oneOf);
    const address = own(`${mailbox}@${plain(key) || `account-${at + 1}`}.example`);
    const birthday = [BORN.from + upTo(random, BORN.years) - 1, upTo(random, 12), upTo(random, 28)];
    yield {
      contact_id: `C-${String(nth + 1).padStart(5, '0')}`,
      account: key,
      name,
      email: happens(SHARE.email) ? address : '',
      phone: happens(SHARE.phone) ? phone(tongue, random, oneOf(AREAS)) : '',
      job_title: oneOf(titles[tongue]),
      birthday: happens(SHARE.birthday) ? birthday.map((it) => String(it).padStart(2, '0')).join('-') : '',
      interests: happens(SHARE.interests)
        ? [...new Set([oneOf(pastimes[tongue]), oneOf(pastimes[tongue])])].join(tongue === 'zh' ? '、' : ', ')
        : '',
      notes: happens(SHARE.notes) ? oneOf(remarks[tongue]) : '',
    };
  }
}

type OneOf = <T>(list: readonly T[]) => T;

function chineseName(oneOf: OneOf, happens: (share: number) => boolean) {
  const surname = oneOf(surnames);
  const given = happens(70) ? [oneOf(givenNames), oneOf(givenNames)] : [oneOf(givenNames)];
  const latin = given.map((it) => it.latin).join('');
  return { name: surname.zh + given.map((it) => it.zh).join(''), mailbox: `${latin}.${surname.latin}` };
}

function latinName(oneOf: OneOf) {
  const [first, family] = [oneOf(firstNames), oneOf(familyNames)];
  return { name: `${first} ${family}`, mailbox: `${plain(first)}.${plain(family)}` };
}

function phone(tongue: 'zh' | 'latin', random: () => number, area: string): string {
  const digits = (count: number) => String(upTo(random, 10 ** count) - 1).padStart(count, '0');
  if (tongue === 'zh') return `+8612${digits(9)}`;
  return random() < 0.8 ? `+1${area}55501${digits(2)}` : `+447700900${digits(3)}`;
}

/** What an address may hold of a name: `Renée O’Brien` is `renee-obrien`. */
const plain = (name: string): string =>
  name
    .normalize('NFD')
    .replace(/[\p{M}’']/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 63);
