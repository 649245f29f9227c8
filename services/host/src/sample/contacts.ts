// The people at the accounts: two to five each, what they decide there, and what some of them allow us. None of them exists; their
// addresses are in a domain that is kept for examples, and their phones do not ring (see people.ts).
import type { CommandData } from '@kams/contracts/define';
import { contactContract, type ContactContract } from '@kams/contracts/accounts/contact';
import { naturalId } from '@kams/eventing/pure';
import { ACCOUNTS, kamOf } from './accounts';
import { accountId, onContact, TENANT, type Act } from './act';
import { at } from './calendar';
import { rows } from './columns';

type Role = CommandData<ContactContract, 'SetRole'>['role'];
type Consent = CommandData<ContactContract, 'ChangeConsent'>;

/** `allows` and `refuses` are channel and purpose. */
const people = rows(
  'key | mailbox | name | job title | role | power | stance | allows | refuses',
  `
  zixu          | zhiyuan.chen    | 陈志远            | 集团采购总监           | decision_maker | 5 | 1  | wechat service  |
  zixu          | shulan.wang     | 王淑兰            | 财务总监               | approver       | 4 | 0  |                 |
  zixu          | yang.liu        | 刘洋              | 设备管理部部长         | influencer     | 3 | 2  | email event     |
  zixu          | xiaowen.he      | 何晓文            | 总裁办主任             | gatekeeper     | 2 | 1  |                 | email marketing
  zixu          | jian.guo        | 郭建              | 总工程师               | coach          | 4 | 2  | visit service   |
  zixu-parts    | meiling.zhou    | 周美玲            | 采购部经理             | decision_maker | 4 | 1  | wechat service  |
  zixu-parts    | gang.sun        | 孙刚              | 车间主任               | user           | 2 | 1  |                 |
  zixu-battery  | haitao.lin      | 林海涛            | 生产副总经理           | decision_maker | 5 | 1  | email marketing |
  zixu-battery  | jing.xu         | 徐静              | 工艺工程师             | influencer     | 3 | 2  |                 |
  zixu-battery  | qiang.ma        | 马强              | 设备主管               | user           | 2 | 0  |                 | phone marketing
  zixu-cars     | wenjie.zhao     | 赵文杰            | 制造总监               | decision_maker | 5 | 2  | wechat event    |
  zixu-cars     | yulan.zheng     | 郑玉兰            | 供应链总监             | approver       | 4 | 1  |                 |
  zixu-cars     | bo.hu           | 胡博              | 机器人应用主管         | coach          | 3 | 2  | email survey    |
  zixu-freight  | guihua.zhu      | 朱桂华            | 总经理                 | decision_maker | 4 | -1 |                 | email marketing
  zixu-freight  | lei.wu          | 吴磊              | 车队主管               | user           | 1 | 0  |                 |
  wuyou         | zhengping.huang | 黄正平            | 集团副总裁             | decision_maker | 5 | 0  | visit event     |
  wuyou         | lihua.tang      | 唐丽华            | 招标办主任             | gatekeeper     | 3 | 0  |                 |
  wuyou         | minghui.luo     | 罗明辉            | 技术中心主任           | influencer     | 4 | 1  | email event     |
  wuyou-wind    | chaoqun.deng    | 邓超群            | 采购经理               | decision_maker | 4 | 1  |                 |
  wuyou-wind    | xiuying.cao     | 曹秀英            | 研发总监               | influencer     | 4 | 2  | email marketing |
  wuyou-wind    | tao.peng        | 彭涛              | 调试工程师             | user           | 2 | 2  |                 |
  wuyou-solar   | jing.chen       | 陈静              | 项目总监               | decision_maker | 4 | 1  | wechat service  |
  wuyou-solar   | zhigang.zeng    | 曾志刚            | 二期项目经理           | coach          | 3 | 2  | email event     |
  wuyou-power   | yong.xiao       | 肖勇              | 场站经理               | decision_maker | 3 | 0  |                 |
  wuyou-power   | na.tian         | 田娜              | 财务经理               | approver       | 3 | -1 |                 | phone survey
  jinghua       | haoran.dong     | 董浩然            | 厂务总监               | decision_maker | 5 | 2  | email service   |
  jinghua       | yifan.yuan      | 袁一凡            | 采购经理               | gatekeeper     | 3 | 0  |                 |
  jinghua       | siyuan.pan      | 潘思源            | 洁净室主管             | user           | 2 | 1  | email survey    |
  shuiyue       | weimin.jiang    | 蒋为民            | 总经理                 | decision_maker | 5 | 0  |                 |
  shuiyue       | fang.cai        | 蔡芳              | 采购主管               | influencer     | 2 | 1  | wechat service  |
  haishi        | guoqing.yu      | 余国庆            | 总经理                 | decision_maker | 5 | 0  |                 | email marketing
  haishi        | juan.du         | 杜娟              | 装配车间主任           | user           | 2 | 1  |                 |
  balnibarbi    | anna.keller     | Anna Keller       | Chief procurement officer | decision_maker | 5 | 2  | email marketing |
  balnibarbi    | jonas.brandt    | Jonas Brandt      | Chief financial officer   | approver       | 5 | 1  |                 |
  balnibarbi    | miriam.vogt     | Miriam Vogt       | Head of engineering       | influencer     | 4 | 2  | visit event     |
  balnibarbi    | peter.lorenz    | Peter Lorenz      | Lead buyer, automation    | gatekeeper     | 3 | 1  | email service   |
  balnibarbi    | lena.hartmann   | Lena Hartmann     | Programme manager         | coach          | 3 | 2  | phone service   |
  lagado        | stefan.ziegler  | Stefan Ziegler    | Head of turbine controls  | decision_maker | 4 | 2  | email event     |
  lagado        | ute.scholz      | Ute Scholz        | Buyer                     | gatekeeper     | 2 | 0  |                 |
  lagado        | kemal.arslan    | Kemal Arslan      | Test engineer             | user           | 2 | 2  | email survey    |
  lindalino     | franz.pichler   | Franz Pichler     | Chief operating officer   | decision_maker | 5 | 2  | email marketing |
  lindalino     | birgit.haas     | Birgit Haas       | Controller                | approver       | 3 | -1 |                 | phone marketing
  lindalino     | milan.horvat    | Milan Horvat      | Integration manager       | coach          | 4 | 2  | visit service   |
  brobdingnag   | edward.ashworth | Edward Ashworth   | Group purchasing director | decision_maker | 5 | 1  | post event      |
  brobdingnag   | helen.pryce     | Helen Pryce       | Chief financial officer   | approver       | 5 | 0  |                 |
  brobdingnag   | oliver.nash     | Oliver Nash       | Category manager          | influencer     | 3 | 1  | email marketing |
  brobdingnag   | ruth.calder     | Ruth Calder       | Assistant to the board    | gatekeeper     | 2 | 1  |                 | email survey
  brob-steel    | graham.holt     | Graham Holt       | Works director            | decision_maker | 5 | -1 |                 | phone marketing
  brob-steel    | susan.dale      | Susan Dale        | Maintenance manager       | user           | 3 | 0  | email service   |
  brob-steel    | alan.marsh      | Alan Marsh        | Commercial manager        | influencer     | 4 | -2 |                 |
  flanflasnic   | joan.thorpe     | Joan Thorpe       | Mill manager              | decision_maker | 3 | 0  |                 |
  flanflasnic   | ian.crewe       | Ian Crewe         | Shift leader              | user           | 1 | 1  | email survey    |
  lorbrulgrud   | martin.beale    | Martin Beale      | Plant manager             | decision_maker | 4 | 0  | email service   |
  lorbrulgrud   | claire.dunn     | Claire Dunn       | Buyer                     | gatekeeper     | 2 | 0  |                 |
  glumdalclitch | siobhan.kearney | Siobhán Kearney   | Managing director         | decision_maker | 5 | 0  |                 | email marketing
  glumdalclitch | declan.roche    | Declan Roche      | Dairy technologist        | user           | 2 | 1  |                 |
  luggnagg      | pieter.vanderzee | Pieter van der Zee | Chief procurement officer | decision_maker | 5 | 1  | email marketing |
  luggnagg      | saskia.mulder   | Saskia Mulder     | Group controller          | approver       | 4 | 0  |                 |
  luggnagg      | thijs.bakker    | Thijs Bakker      | Innovation manager        | coach          | 3 | 2  | visit event     |
  traldragdubh  | joke.visser     | Joke Visser       | Managing director         | decision_maker | 5 | -1 |                 | email marketing
  traldragdubh  | bram.smit       | Bram Smit         | Maintenance planner       | user           | 2 | 0  |                 |
  glubbdubdrib  | ingrid.dekker   | Ingrid Dekker     | Head of site engineering  | decision_maker | 4 | 1  | email event     |
  glubbdubdrib  | nils.postma     | Nils Postma       | Quality director          | approver       | 4 | 1  |                 |
  glubbdubdrib  | farah.aziz      | Farah Aziz        | Validation engineer       | influencer     | 3 | 2  | email survey    |
  maldonada     | inmaculada.rey  | Inmaculada Rey    | Fleet director            | decision_maker | 4 | 0  |                 |
  maldonada     | tomas.sierra    | Tomás Sierra      | Port captain              | user           | 2 | 1  | phone service   |
`,
);

export const PEOPLE: readonly (typeof people)[number][] = people;

/** The one who decides goes in the middle of the year, and nobody comes after. */
export const DEPARTED = { mailbox: 'jing.chen', workday: 150 } as const;

const REGISTERED_ON = 12;
const ROLE_ON = 27;
const CONSENT_ON = 41;

export const contactId = (mailbox: string): string => naturalId(TENANT, contactContract.name, ['sample', mailbox]);

export const contactActs = (days: readonly string[]): readonly Act[] =>
  people.flatMap((it, nth) => {
    const account = ACCOUNTS.find(({ key }) => key === it.key)!;
    const isChinese = account['credit code'] !== '';
    const no = String(nth).padStart(3, '0');
    const act = <N extends Parameters<typeof onContact>[0]>(
      type: N,
      day: number,
      time: string,
      data: CommandData<ContactContract, N>,
    ) => onContact(type, contactId(it.mailbox), kamOf(account), at(days[day], time), data);
    const consent = (said: string, status: Consent['status']): Act[] => {
      if (said === '') return [];
      const [channel, purpose] = said.split(' ') as [Consent['channel'], Consent['purpose']];
      const basis = isChinese ? 'PIPL, article 13; form of the first visit' : 'GDPR, article 6 (1) a; form of the first visit';
      return [act('ChangeConsent', CONSENT_ON, status === 'granted' ? '10:00' : '10:30', { channel, purpose, status, basis })];
    };
    const decider = people.find(({ key, role }) => key === it.key && role === 'decision_maker')!;

    return [
      act('Register', REGISTERED_ON, '16:00', {
        accountId: accountId(it.key),
        person: {
          name: it.name,
          email: `${it.mailbox}@${it.key}.example`,
          phone: isChinese ? `+8612000000${no}` : `+447700900${no}`,
          jobTitle: it['job title'],
        },
        source: 'first visit',
      }),
      act('SetRole', ROLE_ON, '17:00', {
        role: it.role as Role,
        power: Number(it.power),
        stance: Number(it.stance),
        ...(it !== decider && { reportsTo: contactId(decider.mailbox) }),
        validFrom: days[ROLE_ON]!,
      }),
      ...consent(it.allows, 'granted'),
      ...consent(it.refuses, 'refused'),
      ...(it.mailbox === DEPARTED.mailbox
        ? [act('Depart', DEPARTED.workday, '09:30', { on: days[DEPARTED.workday]!, reason: '到另一家公司任职' })]
        : []),
    ];
  });
