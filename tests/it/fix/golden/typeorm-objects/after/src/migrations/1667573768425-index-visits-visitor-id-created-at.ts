import { MigrationInterface, QueryRunner, TableIndex } from 'typeorm'

export class indexVisitsVisitorIdCreatedAt1667573768425 implements MigrationInterface {
  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createIndex(
      'visits',
      new TableIndex({
        name: 'ix_visits_visitor_id_created_at',
        columnNames: ['visitor_id', 'created_at'],
      }),
    )
  }

  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropIndex('visits', 'ix_visits_visitor_id_created_at')
  }
}
