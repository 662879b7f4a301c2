import { FileMigrationProvider, Kysely, Migrator, PostgresDialect } from 'kysely'
import { promises as fs } from 'node:fs'
import path from 'node:path'
import { Pool } from 'pg'

interface Database {
  customers: { id: number; email: string; created: Date; deleted_at: Date | null }
}

export const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: new Pool() }) })

export const migrator = new Migrator({
  db,
  disableTransactions: true,
  provider: new FileMigrationProvider({ fs, path, migrationFolder: path.join(import.meta.dirname, 'migrations') }),
})
