// Every error that a caller can meet, in one table: RFC 9457 problem details with a stable code, in two languages.
import {
  CommandIdReused,
  keys,
  LogDamaged,
  NotFound,
  NotStorable,
  Refusal,
  Stale,
  TooContended,
  Unavailable,
  OutcomeUnknown,
  PersonErased,
} from '@kams/eventing';
import type { RefusalText } from '@kams/contracts/define';
import { isDatabaseAway } from '../read-model/database-away';
import { IssuerUnavailable, TokenRefused } from '../tokens/refusal';
import type { Service } from '../service';
import { UnacceptableJson } from './json-scan';

export interface ProblemText {
  readonly status: number;
  readonly en: string;
  readonly zh: string;
}

const text = (status: number, en: string, zh: string): ProblemText => ({ status, en, zh });

export const GENERAL_PROBLEMS = {
  'json-unacceptable': text(
    400,
    'The body is not JSON as this service takes it. Mend what "reason" says at byte "offset".',
    '请求体不是可接受的 JSON，请按 reason 修正。',
  ),
  'number-not-exact': text(
    422,
    'A number can not be kept exactly. Write it in digits as text, or smaller.',
    '数值无法精确保存，请改用文本数字。',
  ),
  'body-empty': text(400, 'The request has no body. Send the command’s data as JSON.', '请求体为空，请发送 JSON 数据。'),
  'request-malformed': text(
    400,
    'The request can not be read. Check the path and the headers.',
    '请求无法解析，请检查路径和请求头。',
  ),
  'header-malformed': text(
    400,
    'The header named in "header" is not well formed. Send it once, in the form that the reference gives.',
    'header 所指的请求头格式错误，请按参考文档修正并只发送一次。',
  ),
  'precondition-unsupported': text(
    422,
    'If-Match takes one strong ETag, as an answer gave it: "3". A bulk request takes none.',
    'If-Match 只接受一个强 ETag；批量请求不接受。',
  ),
  invalid: text(422, 'Some values are not valid. "errors" says which and why.', '部分值无效，详见 errors。'),
  'position-foreign': text(
    422,
    'The position in "after" belongs to another history of the store (it was restored). Leave it out, or start from the beginning.',
    'after 属于另一段历史，请去掉或从头开始。',
  ),
  'cursor-invalid': text(
    422,
    'The cursor does not belong to this list. Ask for the first page again, without it.',
    '游标无效，请重新请求第一页。',
  ),
  'command-id-reused': text(
    422,
    'This Idempotency-Key was used with another body. Use a new key for a new command.',
    '该 Idempotency-Key 已用于其他内容，请使用新的键。',
  ),
  'not-storable': text(
    422,
    'The command makes more than one append can hold (1 MB). Split it.',
    '该命令超出一次写入的上限，请拆分。',
  ),
  unauthenticated: text(
    401,
    'A valid token is needed: Authorization: Bearer <token>. In development, `npx kams token` prints one.',
    '需要有效令牌。',
  ),
  forbidden: text(
    403,
    'None of your roles allows this. GET /me shows what you may do; an administrator grants roles.',
    '您的角色无权执行此操作，请联系管理员。',
  ),
  'field-forbidden': text(
    403,
    'You may not read the field named in "field", so you may not sort, filter or search by it. Leave it out.',
    '您无权读取 field 所指字段，因此不能按它排序、筛选或搜索。',
  ),
  'not-found': text(
    404,
    'There is nothing here under this address. Check the path and the id; /docs lists all paths.',
    '未找到，请检查路径和标识。',
  ),
  'method-not-allowed': text(405, 'This address does not take that method. "allow" says which it takes.', '该地址不支持此方法。'),
  'not-acceptable': text(
    406,
    'The answer can not be given in a form that Accept asks for. Ask for application/json.',
    '无法按 Accept 要求的格式返回。',
  ),
  'request-timeout': text(408, 'The request did not arrive in time. Send it again.', '请求超时，请重试。'),
  'version-conflict': text(
    409,
    'Others changed this at the same time, again and again. Read it, and send the command again.',
    '并发冲突，请重新读取后重试。',
  ),
  'person-erased': text(
    409,
    'The person that this says something of was erased. Leave the person out, or register a new contact if there is a reason to.',
    '所涉及的个人信息已删除，请勿再提及该个人。',
  ),
  stale: text(412, 'It changed since you read it. Read it again, and decide with its new ETag.', '数据已变更，请重新读取。'),
  'body-too-large': text(413, 'The body is too large. Send less at once; many commands go to /bulk.', '请求体过大，请分批发送。'),
  'address-too-long': text(414, 'The address is too long. Send fewer or shorter parameters.', '地址过长，请减少或缩短参数。'),
  'media-type-unsupported': text(
    415,
    'The body must be application/json in UTF-8 (application/x-ndjson for bulk), without Content-Encoding.',
    '请求体必须为 UTF-8 的 application/json。',
  ),
  'headers-too-large': text(
    431,
    'There are too many headers, or they are too long. Send at most 100 of them, and 16 KB in all.',
    '请求头过多或过长，最多 100 个、共 16 KB。',
  ),
  'too-many-requests': text(429, 'Too many requests. Try again after the time in Retry-After.', '请求过多，请稍后重试。'),
  unavailable: text(
    503,
    'The service can not answer this now. Nothing was stored. Try again after the time in Retry-After.',
    '服务暂不可用，请稍后重试。',
  ),
  'outcome-unknown': text(
    503,
    'The store did not say whether the command was stored. Send it again with the same Idempotency-Key.',
    '结果未知，请使用相同的 Idempotency-Key 重试。',
  ),
  'log-damaged': text(
    503,
    'The log of this service is not what it was, so nothing is told from it until an operator has looked: kams doctor.',
    '事件日志与先前不一致，在运维人员检查（kams doctor）之前不提供任何数据。',
  ),
  'not-yet-projected': text(
    503,
    'The view has not come to that position yet. Try again after the time in Retry-After.',
    '视图尚未更新到该位置，请稍后重试。',
  ),
  internal: text(
    500,
    'Something went wrong on our side. Tell the operator the id in "traceId".',
    '服务内部错误，请将 traceId 告知运维。',
  ),
} as const satisfies Record<string, ProblemText>;
export type GeneralCode = keyof typeof GENERAL_PROBLEMS;

/** What a filter or a guard throws to be answered as a problem. */
export class Problem extends Error {
  constructor(
    readonly code: GeneralCode,
    readonly details: Readonly<Record<string, unknown>> = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(code);
  }
}

/** An answer, ready to be sent as application/problem+json. */
export interface Answerable {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type Language = 'en' | 'zh';
export const languageOf = (acceptLanguage: string | undefined): Language =>
  /^\s*zh\b/i.test(acceptLanguage ?? '') ? 'zh' : 'en';

/** All codes of these services: the general ones, and those of their contracts. */
export function problemTable(services: readonly Service[]): ReadonlyMap<string, ProblemText> {
  const table = new Map<string, ProblemText>(Object.entries(GENERAL_PROBLEMS));
  const add = (refusals: Readonly<Record<string, RefusalText>>) => {
    for (const [code, { en, zh, status = 409 }] of Object.entries(refusals)) table.set(code, { en, zh, status });
  };
  for (const { aggregates } of services) {
    for (const { contract, claims } of aggregates) {
      add(contract.refusals);
      if (claims) add(keys(contract.name).contract.refusals);
    }
  }
  return table;
}

const RETRY_SOON = { 'Retry-After': '1' };
const MOST_LISTED = 20;
const MOST_BYTES = 4_000;

/** What an error means to the caller: its code, what to say besides, and headers. Undefined: it is our fault. */
export function problemOf(error: unknown): Problem | Refusal | undefined {
  if (error instanceof Problem || error instanceof Refusal) return error;
  if (error instanceof NotFound) return new Problem('not-found');
  if (error instanceof Stale) return new Problem('stale', { revision: error.revision }, { ETag: `"${error.revision}"` });
  if (error instanceof CommandIdReused) return new Problem('command-id-reused');
  if (error instanceof TooContended) return new Problem('version-conflict');
  if (error instanceof PersonErased) return new Problem('person-erased');
  if (error instanceof NotStorable) return new Problem('not-storable');
  if (error instanceof TokenRefused)
    return new Problem('unauthenticated', { reason: error.reason }, { 'WWW-Authenticate': 'Bearer' });
  if (error instanceof IssuerUnavailable) return new Problem('unavailable', {}, RETRY_SOON);
  if (error instanceof UnacceptableJson) {
    return new Problem(error.status === 422 ? 'number-not-exact' : 'json-unacceptable', {
      reason: error.code,
      offset: error.offset,
    });
  }
  if (error instanceof OutcomeUnknown) return new Problem('outcome-unknown', {}, RETRY_SOON);
  if (error instanceof LogDamaged) return new Problem('log-damaged', { reason: error.message });
  if (error instanceof Unavailable || isDatabaseAway(error)) return new Problem('unavailable', {}, RETRY_SOON);
  return undefined;
}

/** RFC 9457 as JSON, below 4 KB: its lists are cut to twenty, and further until it fits. */
export function answerTo(error: Problem | Refusal, table: ReadonlyMap<string, ProblemText>, language: Language): Answerable {
  const { status, [language]: detail } = table.get(error.code) ?? GENERAL_PROBLEMS.internal;
  const { code, details } = error;
  const fixed = { type: `/problems/${code}`, title: code.replaceAll('-', ' '), status, detail, code };
  for (let most = MOST_LISTED; ; most >>= 1) {
    const text = JSON.stringify({ ...fixed, ...shortened(details, most) });
    if (most === 0 || Buffer.byteLength(text) <= MOST_BYTES) {
      return { status, text, headers: error instanceof Problem ? error.headers : {} };
    }
  }
}

const shortened = (details: Readonly<Record<string, unknown>>, most: number): object =>
  Object.fromEntries(Object.entries(details).map(([name, value]) => [name, Array.isArray(value) ? value.slice(0, most) : value]));
