# A boot sector that uses what the loader and the kernel of a guest use: the BIOS and its answers about disks (EDD),
# protected mode, 64-bit mode with paging, CPUID and MSRs. Then it counts, which takes a CPU 0.1 s at most and a KVM that
# steps from one instruction to the next a minute, says so on the serial port, and resets the machine.
#   as --64 boot-sector.s -o x.o && ld -Ttext=0 -e 0 --oformat binary -o x.bin x.o && base64 -w0 x.bin
.intel_syntax noprefix
.code16
start:
  cli
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7c00
  sti
  mov ah, 0x41
  mov bx, 0x55aa
  mov dl, 0x80
  int 0x13
  mov ah, 0x48
  mov si, 0x8000
  mov word ptr [si], 0x1a
  mov dl, 0x80
  int 0x13
  cli
  mov di, 0x1000                # page tables: the first 2 MiB as they are
  mov cx, 0x1800
  xor ax, ax
  rep stosw
  mov word ptr [0x1000], 0x2003
  mov word ptr [0x2000], 0x3003
  mov word ptr [0x3000], 0x0083
  lgdt [gdtr + 0x7c00]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  .byte 0xea                    # far jump
  .word protected + 0x7c00, 0x08
.code32
protected:
  mov eax, 0x10
  mov ds, eax
  mov eax, cr4
  or eax, 0x20
  mov cr4, eax
  mov eax, 0x1000
  mov cr3, eax
  mov ecx, 0xc0000080
  rdmsr
  or eax, 0x100
  wrmsr
  mov eax, cr0
  or eax, 0x80000000
  mov cr0, eax
  .byte 0xea
  .long long + 0x7c00
  .word 0x18
.code64
long:
  xor eax, eax
  cpuid
  mov ecx, 0x10
  rdmsr
  mov ecx, 0x4000000
1:
  dec ecx
  jnz 1b
  mov esi, offset said + 0x7c00
  mov dx, 0x3f8
2:
  lodsb
  test al, al
  jz 3f
  out dx, al
  jmp 2b
3:
  mov al, 0xfe
  out 0x64, al
4:
  hlt
  jmp 4b
said:
  .asciz "k8slab: counted\n"
.balign 8
gdt:
  .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff, 0x00af9a000000ffff
gdtr:
  .word 31
  .long gdt + 0x7c00
.org 510
  .word 0xaa55
