import { FileMigrationProvider, Kysely, Migrator, SqliteDialect } from 'kysely'
import { promises as fs } from 'node:fs'
import path from 'node:path'
import Sqlite from 'better-sqlite3'

interface Database {
  customers: { id: number; email: string; created: Date; deleted_at: Date | null }
}

export const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: new Sqlite('shop.db') }) })

export const migrator = new Migrator({
  db,
  provider: new FileMigrationProvider({ fs, path, migrationFolder: path.join(import.meta.dirname, 'migrations') }),
})
