/** The logins of a run: the same one is tried by one test at a time, and not again once it was refused. */
import type {KnownLogin} from '../refused-passwords.ts'
import {createLimit, type Limit} from './limit.ts'

/** What became of a login in this run. */
export interface LoginTurn {
  /** True where a test of this run was refused with it. */
  readonly isRefused: boolean
  refuse(): void
}

export type LoginTurns = <T>(login: KnownLogin, work: (turn: LoginTurn) => Promise<T>) => Promise<T>

/** For one run: several addresses may share an account, and each refusal counts towards a lock at the provider. */
export function createLoginTurns(): LoginTurns {
  const accounts = new Map<string, {readonly limit: Limit; readonly refused: KnownLogin['password'][]}>()
  return (login, work) => {
    const key = `${login.host}:${login.port}:${login.user}`
    const account = accounts.get(key) ?? {limit: createLimit(1), refused: []}
    accounts.set(key, account)
    return account.limit(() =>
      work({
        isRefused: account.refused.some((password) => password.equals(login.password)),
        refuse: () => void account.refused.push(login.password),
      }),
    )
  }
}
