/** Of the read models. */
export const SCHEMA = 'accounts';
