/** Whether sessions are ours, or those of a connection pooler, which hands them on between transactions. */
export type SessionKind = 'own' | 'pooled'
