import { BaseEntity, Column, Entity, Index, PrimaryColumn } from 'typeorm'

@Entity('visits')
@Index('visits_day', ['day'])
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
