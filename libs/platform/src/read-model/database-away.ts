import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';

/** SQLSTATE classes that speak of the server and not of the question (connection, resources, operator, system), and of sockets. */
const CODES = /^(08|53|57|58|ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_)/;
/** What `pg` and its pool say without a code. */
const MESSAGES =
  /^(Connection terminated|Client (was closed|has encountered a connection error)|timeout exceeded when|Query read timeout)/;

/** Did the read database fail, and not what it was asked? Asked again later, it may answer. */
export function isDatabaseAway(error: unknown): boolean {
  // A connection that dies in a transaction is released by TypeORM under the hands of who has it.
  if (error instanceof QueryRunnerAlreadyReleasedError || error instanceof QueryRunnerProviderAlreadyReleasedError) return true;
  const { code = '', message = '' } = ((error instanceof QueryFailedError ? error.driverError : error) ?? {}) as {
    readonly code?: string;
    readonly message?: string;
  };
  return CODES.test(code) || MESSAGES.test(message);
}
