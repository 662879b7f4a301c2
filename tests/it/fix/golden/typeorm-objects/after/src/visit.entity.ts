import { BaseEntity, Column, Entity, Index, PrimaryColumn } from 'typeorm'

@Entity('visits')
@Index('visits_day', ['day'])
@Index('ix_visits_visitor_id_created_at', ['visitorId', 'createdAt'])
export class Visit extends BaseEntity {
  @PrimaryColumn()
  id!: string

  @Column({ name: 'visitor_id' })
  visitorId!: string

  @Column()
  day!: string

  @Column({ name: 'created_at' })
  createdAt!: Date
}
