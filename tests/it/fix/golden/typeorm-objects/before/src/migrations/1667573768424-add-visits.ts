import { MigrationInterface, QueryRunner, Table, TableIndex } from 'typeorm'

export class addVisits1667573768424 implements MigrationInterface {
  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'visits',
        columns: [
          { name: 'id', type: 'varchar', isPrimary: true },
          { name: 'visitor_id', type: 'varchar' },
          { name: 'day', type: 'varchar' },
          { name: 'created_at', type: 'datetime' },
        ],
      })
    )
    await queryRunner.createIndex('visits', new TableIndex({ name: 'visits_day', columnNames: ['day'] }))
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('visits')
  }
}
